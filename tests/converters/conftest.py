"""Fixtures of the converters' tests: the reference files."""

from pathlib import Path

import pytest

DATA = Path(__file__).parent / "data"


@pytest.fixture(scope="session")
def references() -> Path:
    """Return the folder that tools/make_references.py writes."""
    return DATA
