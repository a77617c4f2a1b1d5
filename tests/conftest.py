"""Shared by all tests."""

import importlib.util

import pytest


@pytest.fixture
def live() -> None:
    """Skip where a live oracle is not installed; `make test-all` installs them."""
    for package in ("tensorflow", "torch", "onnxscript"):
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"needs {package}, the extra oracles (make test-all has it)")
