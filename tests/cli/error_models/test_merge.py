"""``onnxfi error-models merge``."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from onnxfi.error_models import SpatialModel

MODEL = Path(__file__).parents[2] / "error_models" / "data" / "unambiguous.json"


def frequencies(document: dict[str, Any]) -> dict[str, float]:
    return {name: each["frequency"] for name, each in document["patterns"].items()}


def test_merge(onnxfi: Callable[..., Any], tmp_path: Path) -> None:
    out = tmp_path / "merged.json"
    done = onnxfi("error-models", "merge", f"{MODEL}:3", "tanh", "-o", out)
    assert (done.status, done.stdout) == (0, "")
    document = json.loads(out.read_text(encoding="utf-8"))
    assert document["source"].startswith("Merged: 3 of unambiguous.json (made up")
    assert "1 of tanh (Bolchini" in document["source"]
    merged = frequencies(document)
    assert merged["rectangles"] == pytest.approx(0.75 * 0.1)
    assert merged["bullet_wake"] == pytest.approx(0.75 * 0.15 + 0.25 * 0.4354, abs=1e-4)
    assert done.stderr.startswith("Wrote ")
    SpatialModel(out)
    to_stdout = onnxfi("error-models", "merge", f"{MODEL}:3e9", "tanh:1e9")
    assert frequencies(json.loads(to_stdout.stdout)) == merged


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("merge", "rellu:1"), "rellu is neither a file nor a built-in model.*did you mean 'relu'"),
        (("merge", "relu:much"), "optionally with a weight .model.json:0.8., got"),
        (("merge", "relu:-1"), "a weight must be a number of at least 0, got -1"),
        (("merge", "relu", "-o", "missing/x.json"), "missing/x.json cannot be written: No such"),
    ],
)
def test_mistakes(
    onnxfi: Callable[..., Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    for folder in ("empty", "faulty", "same"):
        (tmp_path / folder).mkdir()
    (tmp_path / "text.npy").write_text("text")
    golden = np.zeros((1, 4), np.float32)
    for path in ("golden.npy", "same/a.npy"):
        np.save(tmp_path / path, golden)
    np.save(tmp_path / "faulty" / "b.npy", golden[0])
    done = onnxfi("error-models", *arguments)
    assert done.status == 2
    assert "Traceback" not in done.stderr
    assert re.search(message, done.stderr), done.stderr
