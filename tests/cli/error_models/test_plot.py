"""``onnxfi error-models plot``."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

MODEL = Path(__file__).parents[2] / "error_models" / "data" / "unambiguous.json"


@pytest.mark.parametrize("suffix", ["png", "svg"])
def test_plot(onnxfi: Callable[..., Any], tmp_path: Path, suffix: str) -> None:
    out = tmp_path / f"out.{suffix}"
    arguments = ("--shape", "1,20,9,11", "--count", 5, "--seed", 2, "-o", out)
    done = onnxfi("error-models", "plot", f"spatial:model={MODEL}", *arguments)
    assert done.status == 0
    *titles, legend = done.stdout.splitlines()
    assert [each.split(":")[0] for each in titles] == ["1", "2", "3", "4", "5"]
    assert all(re.search(r"\d: \w+, \d+ values?; channels \d", each) for each in titles)
    assert legend.startswith("blue: zero, black: nan")
    picture = out.read_bytes()
    onnxfi("error-models", "plot", f"spatial:model={MODEL}", *arguments)
    assert out.read_bytes() == picture


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("zero", "-o", "out.gif"), "--out must end in .png or .svg, got out.gif"),
        (("zero", "-o", "out.png", "--shape", "1,x"), "got '1,x'"),
        (("zero", "-o", "out.png", "--shape", "1,0"), "got '1,0'"),
        (("zero", "-o", "out.png", "--shape", "99999,99999"), "elements in total"),
        (("zero", "-o", "out.png", "--shape", "3"), "the channel axis must be one of the 1 axes"),
        (("zero", "-o", "missing/out.png"), "missing/out.png cannot be written"),
        (("spatial", "-o", "out.png"), "model=auto needs the operator that makes the target"),
    ],
)
def test_mistakes_in_plotting(
    onnxfi: Callable[..., Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    done = onnxfi("error-models", "plot", *arguments)
    assert done.status == 2
    assert message in done.stderr.replace("\n", " ")
