"""Tests the files that the native route refuses, and its messages."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from onnxfi.converters import convert, is_keras_file
from onnxfi.errors import ModelFormatError, OnnxfiError, UnsupportedLayerError


@pytest.fixture
def edit(references: Path, tmp_path: Path) -> Callable[..., Path]:
    """Return a function that copies a reference .h5 and changes it: the file or its layers."""

    def editor(
        change_file: Any = None, change_layers: Any = None, source: str = "lenet_k2.h5"
    ) -> Path:
        path = tmp_path / "edited.h5"
        path.write_bytes((references / source).read_bytes())
        with h5py.File(path, "r+") as file:
            if change_layers is not None:
                configuration = json.loads(file.attrs["model_config"])
                layers = configuration["config"]["layers"]
                change_layers({layer["config"]["name"]: layer for layer in layers})
                file.attrs["model_config"] = json.dumps(configuration)
            if change_file is not None:
                change_file(file)
        return path

    return editor


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


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b'{"class_name": "Sequential"}', "is JSON text.*--architecture"),
        (b"import keras\n", "starts with the bytes b'import k'"),
        (b"\x89HDF\r\n\x1a\n", "damaged or truncated"),
        (b"PK\x03\x04rest", "must be a whole zip archive"),
    ],
)
def test_file_that_is_no_hdf5(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "model.h5"
    path.write_bytes(content)
    with pytest.raises(ModelFormatError, match=message):
        convert(path)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99])
def test_truncated_file(references: Path, tmp_path: Path, share: float) -> None:
    content = (references / "unet_k3.h5").read_bytes()
    path = tmp_path / "truncated.h5"
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(ModelFormatError, match="damaged or truncated"):
        convert(path)


def test_missing_file_and_folders(tmp_path: Path) -> None:
    with pytest.raises(ModelFormatError, match=r"none\.h5 does not exist"):
        convert(tmp_path / "none.h5")
    with pytest.raises(ModelFormatError, match="is a folder"):
        convert(tmp_path)
    (tmp_path / "saved_model.pb").touch()
    with pytest.raises(ModelFormatError, match=r"SavedModel folder.*--route tf2onnx"):
        convert(tmp_path, route="native")


def test_hdf5_that_keras_did_not_write(tmp_path: Path) -> None:
    path = tmp_path / "other.h5"
    with h5py.File(path, "w") as file:
        file["numbers"] = [1.0]
    with pytest.raises(ModelFormatError, match=r"neither: it holds \['numbers'\]"):
        convert(path)


def test_configuration_that_is_no_json(edit: Callable[..., Path]) -> None:
    path = edit(lambda file: file.attrs.__setitem__("model_config", "{broken"))
    with pytest.raises(ModelFormatError, match=r"model_config.*must be JSON"):
        convert(path)


def test_configuration_nested_too_deep(edit: Callable[..., Path]) -> None:
    path = edit(lambda file: file.attrs.__setitem__("model_config", "[" * 60_000))
    with pytest.raises(ModelFormatError, match=r"model_config.*must be JSON"):
        convert(path)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("model_weights/conv2d/conv2d/kernel:0", "has no member 'kernel:0'"),
        ("model_weights/conv2d", "has no member 'conv2d'"),
    ],
)
def test_missing_weight(edit: Callable[..., Path], name: str, message: str) -> None:
    path = edit(lambda file: file.__delitem__(name))
    with pytest.raises(ModelFormatError, match=message):
        convert(path)


def replace(name: str, **dataset: Any) -> Callable[[Any], None]:
    def change(file: h5py.File) -> None:
        del file[name]
        file.create_dataset(name, **dataset)

    return change


KERNEL = "model_weights/conv2d/conv2d/kernel:0"


def test_weight_of_a_wrong_shape(edit: Callable[..., Path]) -> None:
    path = edit(replace(KERNEL, data=np.zeros((3, 3, 4, 1), np.float32)))
    with pytest.raises(ModelFormatError, match=r"shape \(3, 3, 1, 4\).*got \(3, 3, 4, 1\)"):
        convert(path)


def test_weight_of_a_wrong_type(edit: Callable[..., Path]) -> None:
    path = edit(replace(KERNEL, data=np.zeros((3, 3, 1, 4), np.int8)))
    with pytest.raises(ModelFormatError, match="floating-point numbers, got dtype int8"):
        convert(path)


def test_weight_that_declares_more_than_its_file_can_hold(edit: Callable[..., Path]) -> None:
    shape = (3, 3, 2**14, 2**14)
    path = edit(replace(KERNEL, shape=shape, dtype="f4", chunks=(1, 1, 64, 64)))
    with pytest.raises(ModelFormatError, match=r"declares 966367\d+ bytes up to the weight"):
        convert(path)


def test_links_out_of_the_file_are_not_followed(edit: Callable[..., Path], tmp_path: Path) -> None:
    with h5py.File(tmp_path / "secret.h5", "w") as file:
        file["kernel"] = np.zeros((3, 3, 1, 4), np.float32)

    def link(file: h5py.File) -> None:
        del file[KERNEL]
        file[KERNEL] = h5py.ExternalLink(str(tmp_path / "secret.h5"), "/kernel")

    with pytest.raises(ModelFormatError, match=r"ExternalLink.*does not follow"):
        convert(edit(link))


def test_data_outside_of_the_file_is_not_read(edit: Callable[..., Path], tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(bytes(4 * 36))
    external = [(str(tmp_path / "secret"), 0, 4 * 36)]
    path = edit(replace(KERNEL, shape=(3, 3, 1, 4), dtype="f4", external=external))
    with pytest.raises(ModelFormatError, match="lies in another file"):
        convert(path)


def test_weights_named_after_another_role(edit: Callable[..., Path]) -> None:
    def swap(file: h5py.File) -> None:
        names = file["model_weights/conv2d"].attrs["weight_names"]
        file["model_weights/conv2d"].attrs["weight_names"] = names[::-1]

    with pytest.raises(ModelFormatError, match=r"'kernel' of layer 'conv2d'.*got 'conv2d/bias:0'"):
        convert(edit(swap))


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


@pytest.mark.parametrize("seed", range(30))
def test_flipped_bytes_give_a_model_or_one_clear_error(
    references: Path, tmp_path: Path, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    content = bytearray((references / "lenet_k3.h5").read_bytes())
    for position in rng.integers(0, len(content), 40):
        content[position] = rng.integers(0, 256)
    path = tmp_path / "flipped.h5"
    path.write_bytes(content)
    try:
        convert(path)
    except ModelFormatError as error:
        assert len(str(error)) > 40  # noqa: PT017


def test_is_keras_file(references: Path, tmp_path: Path) -> None:
    assert is_keras_file(references / "lenet_k2.h5")
    assert not is_keras_file(references / "lenet_k2.npz")
    assert not is_keras_file(tmp_path)
    assert not is_keras_file(tmp_path / "none")
    (tmp_path / "saved_model.pb").touch()
    assert is_keras_file(tmp_path)


@pytest.mark.parametrize("block", [0, 512, 1024, 4096])
def test_is_keras_file_finds_hdf5_behind_a_block_of_the_users(tmp_path: Path, block: Any) -> None:
    path = tmp_path / "model"
    with h5py.File(path, "w", userblock_size=block):
        pass
    assert is_keras_file(path)
    path.write_bytes(b"\0" + path.read_bytes())
    assert not h5py.is_hdf5(path)
    assert not is_keras_file(path)


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
