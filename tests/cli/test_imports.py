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


@pytest.mark.thorough
def test_results_import_no_extra() -> None:
    assert imported("import onnxfi; onnxfi.Results; onnxfi.Campaign; onnxfi.Injector") == set()


@pytest.mark.thorough
def test_what_reads_keras_files_is_imported_for_them_alone() -> None:
    readers = ("h5py", "onnxfi.converters.native.route")
    assert imported("import onnxfi.campaign", readers) == set()
    assert imported("from onnxfi.converters import convert", readers) == set(readers)


def modules_of(
    *arguments: str, folder: Path | None = None, environment: dict[str, str] | None = None
) -> set[str]:
    """Return the modules that the program holds when a command ends."""
    code = (
        "import sys\nfrom onnxfi.cli.main import main\n"
        f"sys.argv = ['onnxfi', *{arguments!r}]\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert not end.code, end.code\n"
        "print(*sys.modules)"
    )
    result = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)} | (environment or {}),
    )
    return set(result.stdout.splitlines()[-1].split())


# What takes longer to import than the program should to start.
HEAVY = {"numpy", "onnx", "onnx_ir", "onnxruntime", "pyarrow", "pydantic", "rich", "sympy", "yaml"}


@pytest.mark.parametrize("arguments", [("--help",), ("--version",), ("campaign", "--help")])
def test_the_program_starts_without_its_commands(arguments: tuple[str, ...]) -> None:
    modules = modules_of(*arguments)
    assert "onnxfi.cli.commands" in modules
    assert modules & HEAVY == set()
    assert not [x for x in modules if x.startswith(("onnxfi.cli.models.", "onnxfi.graph"))]


def test_completion_imports_no_command() -> None:
    completion = {"_ONNXFI_COMPLETE": "complete_bash", "COMP_WORDS": "onnxfi e", "COMP_CWORD": "1"}
    modules = modules_of(environment=completion)
    assert "typer.completion" in modules
    assert modules & HEAVY == set()


NEEDLESS = {"sympy.core", "onnxruntime", "h5py", "jinja2", "sklearn", "tensorflow", "torch"}


@pytest.mark.thorough
def test_inspect_reads_a_model_without_running_it(lenet: Path) -> None:
    modules = modules_of("inspect", str(lenet))
    assert "onnx_ir" in modules
    assert modules & (NEEDLESS | {"pyarrow", "pandas", "yaml"}) == set()


@pytest.mark.thorough
@pytest.mark.parametrize("command", ["status", "summary"])
def test_records_are_read_without_onnx_runtime(finished: Path, command: str) -> None:
    modules = modules_of("campaign", command, str(finished))
    assert "pyarrow" in modules
    assert modules & NEEDLESS == set()


def test_a_command_imports_no_other() -> None:
    modules = modules_of("campaign", "status", "--help")
    commands = ("onnxfi.cli.campaign.status", "onnxfi.cli.campaign.compare", "onnxfi.cli.demo")
    assert modules.intersection(commands) == {commands[0]}


def test_the_check_sees_an_import() -> None:
    pytest.importorskip("jinja2")
    assert imported("import onnxfi, jinja2") == {"jinja2"}
