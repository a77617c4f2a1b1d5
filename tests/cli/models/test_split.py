"""``onnxfi split``."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime


def test_split_writes_two_models_that_share_their_weights(
    onnxfi: Callable[..., Any], work: Path
) -> None:
    result = onnxfi("split", "lenet.onnx", "--target", "conv2", "--out", "parts")
    assert (result.status, result.stdout) == (0, "parts\n")
    names = {path.name for path in (work / "parts").iterdir()}
    assert names == {"prefix.onnx", "suffix.onnx", "weights.bin", "split.json"}
    sessions = {}
    for part in ("prefix", "suffix"):
        path = work / "parts" / f"{part}.onnx"
        onnx.checker.check_model(str(path), full_check=True)
        sessions[part] = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        light = onnx.load(path, load_external_data=False)
        files = {
            entry.value
            for x in light.graph.initializer
            for entry in x.external_data
            if entry.key == "location"
        }
        assert files == {"weights.bin"}
    x = np.load("x.npz")["image"][:1]
    whole = onnxruntime.InferenceSession("lenet.onnx", providers=["CPUExecutionProvider"])
    (expected,) = whole.run(None, {"image": x})
    crossing = [value.name for value in sessions["prefix"].get_outputs()]
    assert "conv2" in crossing
    values = dict(zip(crossing, sessions["prefix"].run(None, {"image": x}), strict=True))
    fed = {value.name: values[value.name] for value in sessions["suffix"].get_inputs()}
    (scores,) = sessions["suffix"].run(None, fed)
    np.testing.assert_allclose(scores, expected, rtol=1e-5)
    # And it is the target that the suffix reads.
    (other,) = sessions["suffix"].run(None, fed | {"conv2": np.zeros_like(fed["conv2"])})
    assert not np.allclose(other, expected)
