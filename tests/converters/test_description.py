"""Tests `describe` against Keras on the same files."""

import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from onnxfi.converters.description import describe
from onnxfi.errors import ModelFormatError

MODELS = (*("lenet", "unet", "every_layer", "depthwise", "activations", "siamese", "multi_output"),)
FAMILIES = ("k2", "k3")


def layers_of(path: Path) -> Any:
    return {layer.layer: layer for layer in describe(path).layers}


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("name", MODELS)
def test_output_shapes_are_those_that_keras_computed(
    references: Path, name: str, family: str
) -> None:
    path = references / f"{name}_{family}.h5"
    layers = layers_of(path)
    with np.load(path.with_suffix(".npz")) as stored:
        for key in stored:
            kind, _, layer = key.partition(":")
            if kind == "layer" and "@" not in layer:
                assert layers[layer].output_shape == (None, *stored[key].shape[1:]), layer


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("name", ["lenet", "siamese"])
def test_an_archive_is_described_as_the_h5(references: Path, name: str, family: str) -> None:
    whole = describe(references / f"{name}_{family}.h5")
    archive = describe(references / f"{name}_{family}.keras")
    assert (whole.kind, archive.kind) == ("model, .h5", "model, .keras")
    assert archive.parameters == whole.parameters
    assert (archive.inputs, archive.outputs) == (whole.inputs, whole.outputs)
    for one, other in zip(archive.layers, whole.layers, strict=True):
        assert one.layer == other.layer
        assert one.parameters == other.parameters
        assert one.output_shape == other.output_shape
        assert [x.shape for x in one.weights] == [x.shape for x in other.weights]


def test_shared_layers_and_nested_models(references: Path) -> None:
    layers = layers_of(references / "siamese_k2.h5")
    assert layers["shared"].inbound == (("first",), ("second",))
    assert layers["difference"].inbound == (("head", "head"),)
    assert layers["encoder/norm"].inbound == (("encoder/conv",),)
    assert layers["encoder"].parameters == 76 + 16 + 111 + 12
    assert layers["encoder"].output_shape == layers["encoder/norm_1"].output_shape
    assert not layers["encoder/norm_1"].trainable
    assert layers["head/conv"].inbound[0][0].startswith("head/")  # a Sequential is a chain


def test_weights_alone_have_names_and_shapes(references: Path) -> None:
    file = describe(references / "lenet_k3.weights.h5")
    assert file.kind == "weights only, .weights.h5"
    assert (file.name, file.model_class, file.keras_version) == (None, None, "")
    layers = {layer.layer: layer for layer in file.layers}
    assert layers["conv2d"].layer_class is None
    assert [x.shape for x in layers["conv2d"].weights] == [(3, 3, 1, 4), (4,)]
    assert file.parameters == describe(references / "lenet_k3.h5").parameters


@pytest.fixture
def with_class(references: Path, tmp_path: Path) -> Callable[..., Path]:
    """Return a function that renames the class of a layer in a copy of a reference .h5."""

    def rename(name: str, layer_class: str, source: str) -> Path:
        path = tmp_path / source
        path.write_bytes((references / source).read_bytes())
        with h5py.File(path, "r+") as file:
            configuration = json.loads(file.attrs["model_config"])
            for layer in configuration["config"]["layers"]:
                if layer["config"]["name"] == name:
                    layer["class_name"] = layer_class
            file.attrs["model_config"] = json.dumps(configuration)
        return path

    return rename


def test_a_layer_that_is_not_known_hides_no_others(with_class: Callable[..., Path]) -> None:
    path = with_class("drop1", "Lambda", "unet_k2.h5")
    file = describe(path)
    assert file.dangers == ("'unet/drop1' of class 'Lambda', which executes code",)
    layers = {layer.layer: layer for layer in file.layers}
    assert layers["drop1"].layer_class == "Lambda"
    assert layers["pool1"].output_shape == (None, 4, 4, 4)
    assert layers["drop1"].output_shape is None
    assert layers["mask"].output_shape is None
    assert layers["mask"].parameters == 8 * 3 + 3


def test_in_keras_3_tensors_tell_their_shapes_past_any_layer(
    with_class: Callable[..., Path],
) -> None:
    layers = layers_of(with_class("drop1", "Mine", "unet_k3.h5"))
    assert layers["drop1"].output_shape == (None, 4, 4, 4)
    assert layers["up1"].output_shape == (None, 8, 8, 4)
    assert layers["mask"].output_shape is None  # the output is no layer's input


def test_in_archives_of_keras_2_a_layer_tells_the_shape_that_it_was_built_for(
    references: Path, tmp_path: Path
) -> None:
    path = tmp_path / "model.keras"
    with (
        zipfile.ZipFile(references / "lenet_k2.keras") as source,
        zipfile.ZipFile(path, "w") as archive,
    ):
        for name in source.namelist():
            archive.writestr(name, source.read(name).replace(b'"Dropout"', b'"Mine"'))
    layers = layers_of(path)
    assert layers["dropout"].layer_class == "Mine"
    assert layers["dropout"].output_shape == (None, 12)
    assert layers["dense_1"].parameters == 65


def test_a_class_of_its_author_is_described_by_its_weights(
    references: Path, tmp_path: Path
) -> None:
    path = tmp_path / "model.keras"
    with (
        zipfile.ZipFile(references / "lenet_k3.keras") as source,
        zipfile.ZipFile(path, "w") as archive,
    ):
        archive.writestr("config.json", json.dumps({"class_name": "Mine", "config": {"name": "m"}}))
        archive.writestr("model.weights.h5", source.read("model.weights.h5"))
    file = describe(path)
    assert file.model_class == "Mine"
    assert file.parameters == 987
    assert "conv2d_1" in [layer.layer for layer in file.layers]


@pytest.mark.parametrize("content", [b"", b"text", b"PK\x03\x04", b"\x89HDF\r\n\x1a\n"])
def test_a_file_that_is_none(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.h5"
    path.write_bytes(content)
    with pytest.raises(ModelFormatError, match=r"model\.h5"):
        describe(path)
    with pytest.raises(ModelFormatError, match="does not exist"):
        describe(tmp_path / "none.h5")


KERAS = """
import importlib, json, sys
model = importlib.import_module(sys.argv[1]).models.load_model(sys.argv[2], compile=False)
json.dump({layer.name: [type(layer).__name__, layer.count_params()] for layer in model.layers},
          sys.stdout)
"""


@pytest.mark.live
@pytest.mark.usefixtures("live")
@pytest.mark.parametrize(("family", "package"), [("k2", "tf_keras"), ("k3", "keras")])
def test_classes_and_parameters_are_those_of_live_keras(
    references: Path, family: str, package: str
) -> None:
    path = references / f"siamese_{family}.keras"
    said = subprocess.run(
        [sys.executable, "-c", KERAS, package, path], check=True, capture_output=True
    )
    layers = layers_of(path)
    for name, (layer_class, parameters) in json.loads(said.stdout).items():
        assert (layers[name].layer_class, layers[name].parameters) == (layer_class, parameters)
