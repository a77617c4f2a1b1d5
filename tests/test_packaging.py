"""Tests that pyproject.toml lists the packages that exist."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LAZY = ("tensorflow", "keras", "tf_keras", "tf2onnx", "sklearn", "jinja2", "plotly", "torch")


def test_declared_packages_are_the_folders() -> None:
    with (ROOT / "pyproject.toml").open("rb") as file:
        declared = tomllib.load(file)["tool"]["setuptools"]["packages"]
    # The links onnxfi/converters and onnxfi/error_models make the checkout look as installed.
    found = {
        ".".join(path.parent.relative_to(ROOT).parts)
        for folder in (ROOT / "onnxfi", *(x for x in (ROOT / "onnxfi").iterdir() if x.is_dir()))
        for path in folder.rglob("__init__.py")
    }
    assert set(declared) == found
    assert declared == sorted(declared)


def imported(statement: str) -> set[str]:
    """Return which of the lazy packages a new process holds after a statement."""
    program = f"import sys; {statement}; print(*(x for x in {LAZY} if x in sys.modules))"
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT
    )
    return set(run.stdout.split())


def test_importing_onnxfi_imports_no_extra() -> None:
    assert imported("import onnxfi, onnxfi.cli.main") == set()


@pytest.mark.thorough
def test_the_import_test_can_fail() -> None:
    assert "sklearn" in imported("import sklearn")
