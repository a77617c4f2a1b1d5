"""Imports of the library and of the command line."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXTRAS = (
    *("tensorflow", "keras", "tf_keras", "tf2onnx", "sklearn", "jinja2", "plotly", "dask"),
    *("distributed", "fsspec", "pandas", "polars", "IPython"),
    *("pytest", "hypothesis"),
)


def imported(statement: str, of: tuple[str, ...] = EXTRAS) -> set[str]:
    """Return which modules a fresh interpreter holds after a statement."""
    code = f"{statement}\nimport sys\nprint(*(x for x in {of!r} if x in sys.modules))"
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


def test_results_import_no_extra() -> None:
    assert imported("import onnxfi; onnxfi.Results; onnxfi.Campaign; onnxfi.Injector") == set()


def test_what_reads_keras_files_is_imported_for_them_alone() -> None:
    readers = ("h5py", "onnxfi.converters.native.route")
    assert imported("import onnxfi.campaign", readers) == set()
    assert imported("from onnxfi.converters import convert", readers) == set(readers)


def test_a_command_imports_no_other() -> None:
    statement = "from onnxfi.cli.main import make_app; make_app({})"
    commands = ("onnxfi.cli.campaign.status", "onnxfi.cli.campaign.compare", "onnxfi.cli.demo")
    assert imported(statement.format(["campaign", "status", "run"]), commands) == {commands[0]}
    assert imported(statement.format([]), commands) == set(commands)


def test_the_check_sees_an_import() -> None:
    pytest.importorskip("jinja2")
    assert imported("import onnxfi, jinja2") == {"jinja2"}
