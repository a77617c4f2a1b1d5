"""Tests the files that the native route refuses, and its messages."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import pytest

from onnxfi.converters import convert
from onnxfi.errors import ModelFormatError, OnnxfiError, UnsupportedLayerError


@pytest.fixture
def weights_only(references: Path, tmp_path: Path) -> tuple[Path, Path]:
    """Return a weights-only .h5 and its architecture."""
    path = tmp_path / "weights.h5"
    architecture = tmp_path / "architecture.json"
    with h5py.File(references / "unet_k2.h5") as source, h5py.File(path, "w") as target:
        for name, value in source["model_weights"].attrs.items():
            target.attrs[name] = value
        for name in source["model_weights"]:
            source.copy(f"model_weights/{name}", target)
        architecture.write_text(source.attrs["model_config"])
    return path, architecture


def test_weights_with_architecture_give_the_same_graph(
    references: Path, weights_only: tuple[Path, Path]
) -> None:
    path, architecture = weights_only
    model = convert(path, architecture=architecture)
    assert model.graph == convert(references / "unet_k2.h5").graph


def test_weights_without_architecture_say_what_to_pass(weights_only: tuple[Path, Path]) -> None:
    with pytest.raises(ModelFormatError, match=r"holds weights only.*--architecture"):
        convert(weights_only[0])


def test_architecture_that_is_missing_or_no_json(
    weights_only: tuple[Path, Path], tmp_path: Path
) -> None:
    with pytest.raises(ModelFormatError, match=r"none\.json is not: No such file"):
        convert(weights_only[0], architecture=tmp_path / "none.json")
    broken = tmp_path / "broken.json"
    broken.write_text("{")
    with pytest.raises(ModelFormatError, match=r"broken\.json must be JSON"):
        convert(weights_only[0], architecture=broken)
    broken.write_text("[1]")
    with pytest.raises(ModelFormatError, match="with the key 'class_name'"):
        convert(weights_only[0], architecture=broken)
    broken.write_bytes(b"\xff\xfe")
    with pytest.raises(ModelFormatError, match=r"broken\.json must be JSON"):
        convert(weights_only[0], architecture=broken)


def test_architecture_of_another_model(
    references: Path, weights_only: tuple[Path, Path], tmp_path: Path
) -> None:
    other = tmp_path / "other.json"
    with h5py.File(references / "lenet_k2.h5") as file:
        other.write_text(file.attrs["model_config"])
    with pytest.raises(ModelFormatError, match="belong to another architecture"):
        convert(weights_only[0], architecture=other)


def test_configuration_that_is_no_json(edit: Callable[..., Path]) -> None:
    path = edit(lambda file: file.attrs.__setitem__("model_config", "{broken"))
    with pytest.raises(ModelFormatError, match=r"model_config.*must be JSON"):
        convert(path)


def test_configuration_nested_too_deep(edit: Callable[..., Path]) -> None:
    path = edit(lambda file: file.attrs.__setitem__("model_config", "[" * 60_000))
    with pytest.raises(ModelFormatError, match=r"model_config.*must be JSON"):
        convert(path)


@pytest.mark.parametrize("source", ["lenet_k2.h5", "lenet_k3.h5"])
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"dtype": "mixed_bfloat16"}, "dtype policy 'mixed_bfloat16'"),
        (
            {"dtype": {"class_name": "DTypePolicy", "config": {"name": "bfloat16"}}},
            "dtype policy 'bfloat16'",
        ),
        ({"activation": "threshold"}, "activation 'threshold'"),
        (
            {"activation": {"class_name": "PReLU", "config": {}}},
            "activation 'PReLU', which has no",
        ),
        ({"padding": "causal"}, "padding='causal'"),
    ],
)
def test_option_without_translation_names_layer_class_and_other_route(
    edit: Callable[..., Path], source: str, options: dict[str, Any], message: str
) -> None:
    path = edit(change_layers=lambda x: x["conv2d"]["config"].update(options), source=source)
    with pytest.raises(UnsupportedLayerError, match=message) as caught:
        convert(path)
    assert (caught.value.layer, caught.value.layer_class) == ("conv2d", "Conv2D")
    assert "--route tf2onnx (pip install 'onnxfi[keras]')" in str(caught.value)


@pytest.mark.parametrize("layer_class", ["Lambda", "TFOpLambda", "TextVectorization", "Mine"])
def test_layer_without_translation(edit: Callable[..., Path], layer_class: str) -> None:
    path = edit(change_layers=lambda x: x["dropout"].update(class_name=layer_class))
    with pytest.raises(UnsupportedLayerError, match=f"'dropout' of class '{layer_class}'"):
        convert(path)


def test_layer_without_translation_in_a_nested_model_is_named_with_its_path(
    edit: Callable[..., Path],
) -> None:
    def change(layers: dict[str, Any]) -> None:
        layers["encoder"]["config"]["layers"][1]["class_name"] = "Mine"

    with pytest.raises(UnsupportedLayerError, match="layer 'encoder/conv' of class 'Mine'"):
        convert(edit(change_layers=change, source="siamese_k2.h5"))


def test_dropout_that_stays_random_is_refused(edit: Callable[..., Path]) -> None:
    def change(layers: dict[str, Any]) -> None:
        layers["drop1"]["inbound_nodes"][0][0][3] = {"training": True}

    with pytest.raises(UnsupportedLayerError, match="with the argument training=True"):
        convert(edit(change_layers=change, source="unet_k2.h5"))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"filters": "four"}, "'filters' of layer 'conv2d'.*whole number, got 'four'"),
        ({"strides": [1, 2, 3]}, "'strides'.*whole number or a list of 2"),
        ({"use_bias": "yes"}, "'use_bias'.*true or false"),
        ({"use_bias": False}, r"must have the weights \['kernel'\]"),
        ({"name": ""}, "has a layer named ''"),
    ],
)
def test_damaged_option(edit: Callable[..., Path], options: dict[str, Any], message: str) -> None:
    path = edit(change_layers=lambda x: x["conv2d"]["config"].update(options))
    with pytest.raises(ModelFormatError, match=message):
        convert(path)


def test_an_input_with_an_empty_axis(edit: Callable[..., Path]) -> None:
    def change(layers: dict[str, Any]) -> None:
        layers["image"]["config"]["batch_input_shape"][1] = 0

    with pytest.raises(UnsupportedLayerError, match=r"'image' .* an axis of size 0") as caught:
        convert(edit(change_layers=change, source="unet_k2.h5"))
    assert "damaged" not in str(caught.value)


def test_flags_of_calls_may_be_numbers(edit: Callable[..., Path], references: Path) -> None:
    def change(layers: dict[str, Any]) -> None:
        for nodes in (layer["inbound_nodes"] for layer in layers.values()):
            for tensor in (tensor for node in nodes for tensor in node):
                tensor[3] = {key: 1 if x is True else x for key, x in tensor[3].items()}

    path = edit(change_layers=change, source="attention_k2.h5")
    assert convert(path).graph == convert(references / "attention_k2.h5").graph


def test_input_without_shape(edit: Callable[..., Path]) -> None:
    path = edit(change_layers=lambda x: x["conv2d"]["config"].pop("batch_input_shape"))
    with h5py.File(path, "r+") as file:
        configuration = json.loads(file.attrs["model_config"])
        configuration["config"].pop("build_input_shape", None)
        configuration["config"]["layers"] = [
            layer
            for layer in configuration["config"]["layers"]
            if layer["class_name"] != "InputLayer"
        ]
        file.attrs["model_config"] = json.dumps(configuration)
    with pytest.raises(ModelFormatError, match="'conv2d_input' must have a shape"):
        convert(path)


@pytest.mark.parametrize(
    ("nodes", "message"),
    [
        ([[["mask", 0, 0, {}]]], "inputs never come"),
        ([[["nowhere", 0, 0, {}]]], "inputs never come"),
        ([[["image", 0, 5, {}]]], "uses output 5"),
        ([[[1, 2]]], "refers to the tensor"),
        ([7], "inbound node 7"),
        (5, "inbound_nodes 5"),
        ([[["image", 0, 0, {}], ["image", 0, 0, {}]]], "must get one tensor, got 2"),
    ],
)
def test_damaged_graph(edit: Callable[..., Path], nodes: Any, message: str) -> None:
    path = edit(change_layers=lambda x: x["down1"].update(inbound_nodes=nodes), source="unet_k2.h5")
    with pytest.raises(ModelFormatError, match=message):
        convert(path)


@pytest.mark.parametrize("opset", [0, 12, 99])
def test_opset_out_of_range(references: Path, opset: int) -> None:
    with pytest.raises(ModelFormatError, match=f"from 13 to .* got {opset}"):
        convert(references / "lenet_k2.h5", opset=opset)


def test_unknown_route(references: Path) -> None:
    with pytest.raises(OnnxfiError, match="got 'magic'"):
        convert(references / "lenet_k2.h5", route="magic")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("function", "message"),
    [
        ("io.read_file", r"calls the function 'io\.read_file', which has no translation"),
        (None, "calls the function None"),
        ("einsum", "Keras stores none for einsum"),
        ("math.add", r"calls math\.add without 'y'"),
    ],
)
def test_function_of_tensorflow_that_is_no_plain_arithmetic(
    edit: Callable[..., Path], function: Any, message: str
) -> None:
    def change(layers: dict[str, Any]) -> None:
        config = {"name": "dropout", "function": function}
        layers["dropout"].update(class_name="TFOpLambda", config=config)

    with pytest.raises(UnsupportedLayerError, match=message):
        convert(edit(change_layers=change))


@pytest.mark.parametrize(
    ("source", "layer", "options", "message"),
    [
        ("resizing_k3.h5", "bilinear", {"interpolation": "lanczos3"}, "interpolation='lanczos3'"),
        ("resizing_k3.h5", "bicubic", {"height": 7}, "6 to 7 pixels by bicubic"),
        ("resizing_k3.h5", "bilinear", {"crop_to_aspect_ratio": True}, "crop_to_aspect_ratio=True"),
        ("normalisations_k3.h5", "center", {"height": 99}, "to a height of 99"),
        ("adaptive_k3.h5", "max1", {"output_size": [2**20]}, "needs 1048576 parts of an axis"),
        ("normalisations_k3.h5", "layer_norm", {"brand_new": False}, "has the option brand_new=F"),
        ("normalisations_k3.h5", "unit", {"lora_rank": 2}, "has the option lora_rank=2"),
        (
            "mixed_k3.h5",
            "conv",
            {"dtype": {"class_name": "QuantizedDTypePolicy", "config": {"mode": "int8"}}},
            "the dtype policy 'int8', which is quantised",
        ),
        ("mixed_k3.h5", "conv", {"dtype": "int8_from_float32"}, "which is quantised"),
    ],
)
def test_option_of_newer_layers_without_translation(
    edit: Callable[..., Path], source: str, layer: Any, options: dict[str, Any], message: str
) -> None:
    path = edit(change_layers=lambda x: x[layer]["config"].update(options), source=source)
    with pytest.raises(UnsupportedLayerError, match=message) as caught:
        convert(path)
    assert caught.value.layer == layer
