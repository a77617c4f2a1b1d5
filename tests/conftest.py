"""Shared by all tests."""

import importlib.util

import pytest


@pytest.fixture
def live() -> None:
    """Skip where the live oracle is not installed; `make test-all` installs it."""
    if importlib.util.find_spec("tensorflow") is None:
        pytest.skip("needs TensorFlow, the extra keras (make test-all has it)")
