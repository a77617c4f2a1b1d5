"""Tests the output of `onnxfi convert`."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py

RECURRENT = Path(__file__).parents[2] / "converters" / "data" / "recurrent_k2.h5"


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
