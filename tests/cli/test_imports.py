"""Importing onnxfi imports none of the extras."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXTRAS = (
    *("tensorflow", "keras", "tf_keras", "tf2onnx", "sklearn", "jinja2", "plotly", "dask"),
    *("distributed", "fsspec"),
    *("pytest", "hypothesis"),
)


def imported(statement: str) -> set[str]:
    """Return which of the extras a fresh interpreter holds after a statement."""
    code = f"{statement}\nimport sys\nprint(*(x for x in {EXTRAS!r} if x in sys.modules))"
    result = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    return set(result.stdout.split())


@pytest.mark.parametrize("module", ["onnxfi.error_models.contract", "onnxfi.cli.main"])
def test_no_extra_is_imported(module: str) -> None:
    assert imported(f"import {module}") == set()


def test_the_check_sees_an_import() -> None:
    pytest.importorskip("jinja2")
    assert imported("import onnxfi, jinja2") == {"jinja2"}
