"""Shared by the tests of the converters: the reference files, and the leave to run TensorFlow."""

import os
from pathlib import Path

import pytest

DATA = Path(__file__).parent / "data"


@pytest.fixture(scope="session")
def references() -> Path:
    """Return the folder that tools/make_references.py writes."""
    return DATA


@pytest.fixture
def live() -> None:
    """Skip unless ONNXFI_LIVE=1: the test starts TensorFlow, which takes seconds."""
    if os.environ.get("ONNXFI_LIVE") != "1":
        pytest.skip("set ONNXFI_LIVE=1 to compare with a live Keras (make test-all does)")
