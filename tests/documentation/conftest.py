"""The folders in which the pages' blocks run."""

import re
import shutil
from pathlib import Path

import pytest

from onnxfi.campaign import Campaign
from onnxfi.configuration import Configuration
from onnxfi.demo import prepare
from tests.documentation.running import run_onnxfi

# Injections for each target, where only the words of the output are compared.
_FEW = 30


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give what ``onnxfi demo`` leaves; do not write to it."""
    folder = tmp_path_factory.mktemp("demo") / "onnxfi-demo"
    assert run_onnxfi(["demo", "--out", str(folder)]).status == 0
    return folder


@pytest.fixture(scope="session")
def small_demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the same files in a second, with few injections; do not write to it."""
    folder = tmp_path_factory.mktemp("demo") / "onnxfi-demo"
    prepared = prepare(folder)
    written = prepared.configuration.read_text(encoding="utf-8")
    few, places = re.subn(r"per_target: \d+", f"per_target: {_FEW}", written)
    assert places == 1
    prepared.configuration.write_text(few, encoding="utf-8")
    planned = Configuration.from_yaml(prepared.configuration)
    for name, model in (("lenet", prepared.model), ("hardened", prepared.hardened)):
        Campaign(
            planned.model_copy(update={"model": model.resolve()}), out=folder / "runs" / name
        ).run()
    return folder


@pytest.fixture
def work(demo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Enter a copy of what the demo leaves."""
    enter(demo, tmp_path, monkeypatch)


@pytest.fixture
def small_work(small_demo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Enter a copy of the same files with few injections."""
    enter(small_demo, tmp_path, monkeypatch)


def enter(demo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Copy a folder and make the copy the current folder, in a terminal of 100 columns."""
    folder = tmp_path / "onnxfi-demo"
    shutil.copytree(demo, folder)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("COLUMNS", "100")
