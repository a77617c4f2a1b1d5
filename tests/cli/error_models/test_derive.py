"""``onnxfi error-models derive``."""

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


def test_derive(onnxfi: Callable[..., Any], tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    golden = rng.standard_normal((1, 9, 11, 32)).astype(np.float32)  # channels last
    np.save(tmp_path / "golden.npy", golden)
    (tmp_path / "faulty").mkdir()
    model = SpatialModel(MODEL)
    for number in range(50):
        faulty = model.sample(golden, channel_axis=3, rng=rng).apply(golden)
        np.save(tmp_path / "faulty" / f"{number}.npy", faulty)
    np.save(tmp_path / "faulty" / "masked.npy", golden)
    done = onnxfi(
        "error-models",
        "derive",
        tmp_path / "golden.npy",
        tmp_path / "faulty",
        "--channel-axis",
        3,
        "-o",
        tmp_path / "derived.json",
    )
    assert done.status == 0
    assert "51 tensors: 50 corruptions, 1 tensors without corruption" in done.stderr
    document = json.loads((tmp_path / "derived.json").read_text())
    assert document["observations"] == 50
    assert {*frequencies(document)} <= {*frequencies(json.loads(MODEL.read_text()))}
    assert sum(frequencies(document).values()) == pytest.approx(1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("derive", "golden.npy", "empty"), "empty must be a folder of .npy files"),
        (("derive", "missing.npy", "faulty"), "missing.npy must be a .npy file with an array"),
        (("derive", "text.npy", "faulty"), "text.npy must be a .npy file with an array"),
        (("derive", "golden.npy", "faulty"), r"b.npy: a faulty tensor must have the dtype"),
        (("derive", "golden.npy", "same"), "is derived from corrupted tensors, got none"),
        (("derive", "golden.npy", "same", "--channel-axis", "2"), "one of the 2 axes"),
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
