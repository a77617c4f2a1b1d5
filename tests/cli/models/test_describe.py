"""``onnxfi describe``."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import pytest

KERAS_FILE = Path(__file__).parents[3] / "onnxfi" / "demo" / "assets" / "lenet_digits.h5"


@pytest.fixture
def weights_only(tmp_path: Path) -> Path:
    """Give a weights-only copy of the bundled network."""
    path = tmp_path / "weights.h5"
    with h5py.File(KERAS_FILE) as source, h5py.File(path, "w") as target:
        for name in source["model_weights"]:
            source.copy(f"model_weights/{name}", target)
        target.attrs.update(source["model_weights"].attrs)
    return path


def test_the_table_lists_the_layers(onnxfi: Callable[..., Any]) -> None:
    result = onnxfi("describe", KERAS_FILE)
    assert result.status == 0
    assert result.stderr == ""
    (row,) = [line for line in result.stdout.splitlines() if line.startswith("conv2 ")]
    cells = [cell.strip() for cell in row.split("  ") if cell]
    assert cells[:2] == ["conv2", "Conv2D"]
    assert cells[2].startswith("(N, ")
    assert cells[4] == "float32"


def test_json_has_the_words_of_the_layer_map(onnxfi: Callable[..., Any]) -> None:
    result = onnxfi("describe", KERAS_FILE, "--json")
    document = json.loads(result.stdout)
    assert document["kind"] == "model, .h5"
    assert document["dangers"] == []
    layers = {layer["layer"]: layer for layer in document["layers"]}
    conv = layers["conv1"]
    assert conv["class"] == "Conv2D"
    assert conv["output_shape"][0] is None
    assert conv["parameters"] == sum(_size(weight["shape"]) for weight in conv["weights"])
    assert sum(x["parameters"] for x in layers.values()) == document["parameters"]


def test_weights_alone_say_what_is_missing(onnxfi: Callable[..., Any], weights_only: Path) -> None:
    result = onnxfi("describe", weights_only)
    assert result.status == 0
    assert "conv1" in result.stdout
    assert "model.to_json()" in result.stderr
    refused = onnxfi("convert", weights_only)
    assert refused.status == 2
    assert "model.to_json()" in refused.stderr
    assert "--architecture" in refused.stderr


def test_what_is_dangerous_is_told(onnxfi: Callable[..., Any], tmp_path: Path) -> None:
    path = tmp_path / "model.h5"
    path.write_bytes(KERAS_FILE.read_bytes())
    with h5py.File(path, "r+") as file:
        text = file.attrs["model_config"].replace('"Flatten"', '"Lambda"')
        file.attrs["model_config"] = text
        file["elsewhere"] = h5py.ExternalLink("secret.h5", "/data")
    result = onnxfi("describe", path)
    assert result.status == 0
    assert "of class 'Lambda', which executes code" in result.stderr
    assert "'secret.h5:/data'" in result.stderr


def _size(shape: list[int]) -> int:
    size = 1
    for length in shape:
        size *= length
    return size
