"""Tests the layer map: nested models, layouts, and layers without a tensor."""

import json
from pathlib import Path

import onnx
import pytest

from onnxfi.converters import convert
from onnxfi.converters.metadata.layer_map import (
    METADATA_KEY,
    AbsentLayer,
    Layer,
    dump_layers,
    parse_absent_layers,
    parse_layers,
)
from tests.support.keras_references import layer_map


def text_of(model: onnx.ModelProto) -> str:
    return next(entry.value for entry in model.metadata_props if entry.key == METADATA_KEY)


@pytest.mark.parametrize("family", ["k2", "k3"])
def test_a_nested_model_has_a_tensor_for_each_call_and_output(
    references: Path, family: str
) -> None:
    layers = layer_map(convert(references / f"nested_{family}.h5"))
    nested = [path for path, layer in layers.items() if layer.layer_class == "Functional"]
    calls = (f"{path}{x}" for path in ("backbone", "backbone/block") for x in ("", "@1"))
    assert sorted(nested) == sorted(f"{call}{output}" for call in calls for output in ("", ":1"))
    assert layers["backbone:1"].tensor == "backbone:1"
    assert "backbone/block/conv@1" in layers


@pytest.mark.parametrize("family", ["k2", "k3"])
def test_inputs_of_nested_models_are_absent_with_the_reason(references: Path, family: str) -> None:
    absent = parse_absent_layers(text_of(convert(references / f"nested_{family}.h5")))
    paths = [layer.path for layer in absent]
    assert {"backbone/image", "backbone/block/patch"} <= set(paths)
    assert len(paths) == len(set(paths))
    assert {layer.layer_class for layer in absent} == {"InputLayer"}
    assert all("nested model is called on" in layer.reason for layer in absent)


def test_a_layer_of_channels_first_keeps_the_order_of_keras(references: Path) -> None:
    model = convert(references / "channels_first_k3.h5")
    layers = {layer.path: layer for layer in parse_layers(text_of(model))}
    assert (layers["image"].channel_axis, layers["image"].layout) == (1, "source")
    assert (layers["conv"].channel_axis, layers["conv"].layout) == (1, "source")
    assert (layers["join"].channel_axis, layers["join"].layout) == (1, "source")


def test_channels_move_with_their_axis(references: Path) -> None:
    layers = layer_map(convert(references / "every_layer_k3.h5"))
    assert (layers["permute"].channel_axis, layers["permute"].layout) == (1, "source")


def test_the_layer_map_survives_saving(references: Path, tmp_path: Path) -> None:
    model = convert(references / "nested_k3.h5")
    onnx.save(model, tmp_path / "model.onnx")
    assert text_of(onnx.load(tmp_path / "model.onnx")) == text_of(model)


def test_layers_and_absent_layers_come_back() -> None:
    layers = (Layer("conv", "Conv2D", "conv", "conv/Conv", 1, "channels_first"),)
    absent = (AbsentLayer("cell", "LSTMCell", "it has none"),)
    text = dump_layers(layers, absent)
    assert parse_layers(text) == layers
    assert parse_absent_layers(text) == absent


def test_a_layer_map_without_layouts_is_read() -> None:
    document = json.loads(dump_layers([Layer("conv", "Conv2D", "conv")]))
    del document["absent"], document["layers"][0]["layout"]
    assert parse_layers(json.dumps(document)) == (Layer("conv", "Conv2D", "conv"),)
    assert parse_absent_layers(json.dumps(document)) == ()
