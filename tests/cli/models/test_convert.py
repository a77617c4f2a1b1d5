"""``onnxfi convert``."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import onnx
import onnxruntime

KERAS_FILE = Path(__file__).parents[3] / "onnxfi" / "demo" / "assets" / "lenet_digits.h5"
RECURRENT = Path(__file__).parents[2] / "converters" / "data" / "recurrent_k2.h5"


def test_convert(onnxfi: Callable[..., Any], work: Path) -> None:
    (work / "net.h5").write_bytes(KERAS_FILE.read_bytes())
    result = onnxfi("convert", "net.h5")
    assert (result.status, result.stdout) == (0, "net.onnx\n")
    onnx.checker.check_model("net.onnx", full_check=True)
    result = onnxfi("convert", "net.h5", "other.onnx", "--opset", 15)
    assert (result.status, result.stdout) == (0, "other.onnx\n")
    assert [x.version for x in onnx.load("other.onnx").opset_import if not x.domain] == [15]
    x = np.load("x.npz")["image"]
    results = [
        onnxruntime.InferenceSession(name, providers=["CPUExecutionProvider"]).run(
            None, {"image": x}
        )[0]
        for name in ("lenet.onnx", "net.onnx", "other.onnx")
    ]
    np.testing.assert_allclose(results[1], results[0], rtol=1e-5)
    np.testing.assert_allclose(results[2], results[0], rtol=1e-5)
    assert not [name for name in work.iterdir() if "partial" in name.name]


def test_a_stateful_layer_is_noted(onnxfi: Callable[..., Any], tmp_path: Path) -> None:
    path = tmp_path / "stateful.h5"
    path.write_bytes(RECURRENT.read_bytes())
    with h5py.File(path, "r+") as file:
        configuration = json.loads(file.attrs["model_config"])
        layers = {x["config"]["name"]: x["config"] for x in configuration["config"]["layers"]}
        layers["lstm"]["stateful"] = 1
        file.attrs["model_config"] = json.dumps(configuration)
    result = onnxfi("convert", path)
    assert result.status == 0
    assert "Note: Layer 'lstm' is stateful" in " ".join(result.stderr.split())
    assert "Note:" not in onnxfi("convert", RECURRENT, tmp_path / "other.onnx").stderr
