"""The progress bar of a run, in a terminal and in a notebook."""

import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from onnxfi.campaign import Campaign
from onnxfi.campaign.running import progress
from onnxfi.campaign.running.progress import progress_bar


class Notebook:
    """Stands for IPython in the kernel of a notebook, and keeps what is displayed."""

    def __init__(self) -> None:
        """Display nothing yet."""
        self.shown: list[str] = []

    def display(self, bundle: dict[str, str], *, raw: bool, display_id: bool) -> "Notebook":
        """Display something that can be updated."""
        assert raw
        assert display_id
        self.update(bundle, raw=raw)
        return self

    def update(self, bundle: dict[str, str], *, raw: bool) -> None:
        """Display something else in its place."""
        assert raw
        assert bundle["text/plain"] in bundle["text/html"]
        self.shown.append(bundle["text/plain"])


@pytest.fixture
def notebook(monkeypatch: pytest.MonkeyPatch) -> Notebook:
    found = Notebook()
    ipython: Any = ModuleType("IPython")
    ipython.display = found
    ipython.get_ipython = lambda: SimpleNamespace(kernel=object())
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    monkeypatch.setattr(progress, "_PAUSE", 0.0)
    return found


def test_nothing_is_shown_in_a_script_unless_asked_for(
    capfd: pytest.CaptureFixture[str],
) -> None:
    for shown in (None, False):
        with progress_bar(10, shown=shown) as advance:
            advance(10)
    assert capfd.readouterr() == ("", "")


def test_a_terminal_has_a_bar_on_stderr(capfd: pytest.CaptureFixture[str]) -> None:
    with progress_bar(10, shown=True) as advance:
        advance(7)
        advance(3)
    out, err = capfd.readouterr()
    assert "10/10 injections" in err
    assert out == ""


def test_a_notebook_has_a_bar_by_default(notebook: Notebook) -> None:
    with progress_bar(10, shown=None) as advance:
        advance(4)
        advance(4)
    counts = [0, 4, 8, 8]
    assert notebook.shown == [f"{x} of 10 injections" for x in counts]
    with progress_bar(10, shown=False) as advance:
        advance(4)
    assert len(notebook.shown) == len(counts)


def test_a_python_prompt_of_ipython_is_no_notebook(
    notebook: Notebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules["IPython"], "get_ipython", lambda: SimpleNamespace())
    with progress_bar(10, shown=None) as advance:
        advance(4)
    assert notebook.shown == []


def test_a_run_counts_to_its_end(work: Path, notebook: Notebook) -> None:
    Campaign.from_yaml(work / "campaign.yaml", out=work / "run").run()
    assert notebook.shown[-1] == "240 of 240 injections"
    Campaign.open(work / "run").run()  # nothing is left to do
    assert notebook.shown[-1] == "240 of 240 injections"
