"""The examples in the docstrings of results run."""

import doctest
import inspect
import shutil
from pathlib import Path
from typing import Any

import pytest

import onnxfi
from onnxfi.results import Results, Summary

DOCUMENTED = [
    onnxfi.open,
    Results,
    Summary,
    *(x for name, x in vars(Results).items() if not name.startswith("_")),
]


def examples(of: Any) -> str:
    """Return the code of the examples in a docstring; the small model has no layer map."""
    found = doctest.DocTestParser().get_examples(inspect.getdoc(of) or "")
    return "".join(x.source for x in found).replace('"layer"', '"target"')


@pytest.mark.thorough
def test_examples_run(finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("lenet", "hardened"):
        shutil.copytree(finished, tmp_path / "runs" / name)
    monkeypatch.chdir(tmp_path)
    codes = [code for x in DOCUMENTED if (code := examples(x))]
    assert len(codes) > 10
    for code in codes:
        exec(code, {"onnxfi": onnxfi, "results": onnxfi.open("runs/lenet")})
    assert (tmp_path / "lenet.html").exists()
