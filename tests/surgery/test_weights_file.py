"""The parts of a split share one weights file."""

import json
from pathlib import Path

import numpy as np
import onnx
import onnxruntime

import onnxfi
from tests.support.small_graphs import (
    model,
    node,
    value,
)


def test_save_shares_one_weights_file(tmp_path: Path) -> None:
    weight = np.random.default_rng(0).standard_normal((64, 64)).astype(np.float32)
    proto = model(
        [node("MatMul", "x w", "a"), node("Relu", "a", "b"), node("MatMul", "b w", "y")],
        [value("x", ["N", 64])],
        [value("y", ["N", 64])],
        {"w": weight},
    )
    folder = tmp_path / "new" / "folder"
    split = onnxfi.split(onnxfi.load(proto), "b")
    split.save(folder)
    assert sorted(x.name for x in folder.iterdir()) == [
        "prefix.onnx",
        "split.json",
        "suffix.onnx",
        "weights.bin",
    ]
    # Once, although both halves use it; the models themselves hold no weights.
    assert (folder / "weights.bin").stat().st_size < 1.5 * weight.nbytes
    assert (folder / "prefix.onnx").stat().st_size < 2000
    description = json.loads((folder / "split.json").read_text())
    assert description["targets"] == ["b"]
    assert description["stages"] == [{"model": "suffix.onnx", "targets": ["b"]}]
    x = np.random.default_rng(1).standard_normal((3, 64)).astype(np.float32)
    for part in ("prefix", "suffix"):
        onnx.checker.check_model(str(folder / f"{part}.onnx"), full_check=True)
    (b,) = onnxruntime.InferenceSession(folder / "prefix.onnx").run(None, {"x": x})
    (y,) = onnxruntime.InferenceSession(folder / "suffix.onnx").run(None, {"b": b})
    np.testing.assert_allclose(y, np.maximum(x @ weight, 0) @ weight, rtol=1e-4, atol=1e-4)
