"""Tests that archives, and weights with an architecture, convert to the same model as the .h5."""

import hashlib
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import ml_dtypes
import numpy as np
import onnx
import pytest

from onnxfi.converters import convert, is_keras_file, verify
from onnxfi.converters.keras_files.file import keras_version_of
from onnxfi.converters.keras_files.whole_model import write_whole_model
from onnxfi.converters.metadata.provenance import record_difference
from onnxfi.errors import ModelFormatError

MODELS = ("lenet", "siamese")
FAMILIES = ("k2", "k3")


def weights(model: onnx.ModelProto) -> dict[str, np.ndarray]:
    return {x.name: onnx.numpy_helper.to_array(x) for x in model.graph.initializer}


def assert_same_model(actual: onnx.ModelProto, expected: onnx.ModelProto) -> None:
    assert list(actual.graph.node) == list(expected.graph.node)
    assert list(actual.graph.input) == list(expected.graph.input)
    assert list(actual.graph.output) == list(expected.graph.output)
    found, wanted = weights(actual), weights(expected)
    assert list(found) == list(wanted)
    for name, value in wanted.items():
        np.testing.assert_array_equal(found[name], value, err_msg=name)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("name", MODELS)
def test_an_archive_gives_the_model_of_the_h5(references: Path, name: str, family: str) -> None:
    path = references / f"{name}_{family}.h5"
    assert is_keras_file(path.with_suffix(".keras"))
    assert keras_version_of(path.with_suffix(".keras")) == keras_version_of(path)
    assert_same_model(convert(path.with_suffix(".keras")), convert(path))


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("name", MODELS)
def test_grouped_weights_with_architecture_give_the_model_of_the_h5(
    references: Path, name: str, family: str
) -> None:
    path = references / f"{name}_{family}.h5"
    model = convert(path.with_suffix(".weights.h5"), architecture=path.with_suffix(".json"))
    assert_same_model(model, convert(path))


@pytest.fixture
def named_weights(references: Path, tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes the weights of a reference .h5, under other layer names."""

    def write(source: str, rename: Callable[[str], str]) -> Path:
        path = tmp_path / "weights.h5"
        with h5py.File(references / source) as whole, h5py.File(path, "w") as file:
            file.attrs["keras_version"] = whole.attrs["keras_version"]
            group = whole["model_weights"]
            names = [rename(name) for name in group.attrs["layer_names"]]
            file.attrs["layer_names"] = [name.encode() for name in names]
            for name, new in zip(group.attrs["layer_names"], names, strict=True):
                group.copy(name, file, new)
        return path

    return write


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("name", MODELS)
def test_named_weights_may_have_the_names_of_another_session(
    references: Path, named_weights: Callable[..., Path], name: str, family: str
) -> None:
    path = references / f"{name}_{family}.h5"
    for rename in (str, "other_{}".format):
        weights_file = named_weights(path.name, rename)
        model = convert(weights_file, architecture=path.with_suffix(".json"))
        assert_same_model(model, convert(path))


def test_weights_of_a_model_with_fewer_layers(
    references: Path, named_weights: Callable[..., Path]
) -> None:
    path = named_weights("lenet_k2.h5", "other_{}".format)
    with h5py.File(path, "r+") as file:
        file.attrs["layer_names"] = file.attrs["layer_names"][:-1]
    with pytest.raises(ModelFormatError, match=r"Layer 'conv2d' .*belong to another architecture"):
        convert(path, architecture=references / "lenet_k2.json")


@pytest.mark.parametrize("family", FAMILIES)
def test_a_bare_configuration_is_an_architecture(
    references: Path, tmp_path: Path, family: str
) -> None:
    architecture = tmp_path / "config.json"
    stored = json.loads((references / f"siamese_{family}.json").read_text())
    architecture.write_text(json.dumps(stored["config"]))
    path = references / f"siamese_{family}.weights.h5"
    whole = convert(references / f"siamese_{family}.h5")
    assert_same_model(convert(path, architecture=architecture), whole)


def test_the_groups_of_keras_2_13(references: Path, tmp_path: Path) -> None:
    """Keras 2.12 and 2.13 use another name, and count every layer with weights twice."""
    path = tmp_path / "model.weights.h5"
    path.write_bytes((references / "lenet_k2.weights.h5").read_bytes())
    with h5py.File(path, "r+") as file:
        file.move("layers", "_layer_checkpoint_dependencies")
        group = file["_layer_checkpoint_dependencies"]
        group.move("conv2d_1", "conv2d_2")
        group.move("dense_1", "dense_2")
    model = convert(path, architecture=references / "lenet_k2.json")
    assert_same_model(model, convert(references / "lenet_k2.h5"))


def test_groups_are_ordered_by_number(references: Path, tmp_path: Path) -> None:
    """Twelve convolutions: conv2d_10 comes after conv2d_9, not after conv2d_1."""
    layers: list[dict[str, Any]] = [
        {"class_name": "Conv2D", "config": {"name": f"c{i}", "filters": 1, "kernel_size": [1, 1]}}
        for i in range(12)
    ]
    layers[0]["config"]["batch_input_shape"] = [None, 2, 2, 1]
    architecture = tmp_path / "model.json"
    architecture.write_text(json.dumps({"class_name": "Sequential", "config": {"layers": layers}}))
    path = tmp_path / "model.weights.h5"
    with h5py.File(path, "w") as file:
        for i in range(12):
            group = file.create_group(f"layers/conv2d{f'_{i}' if i else ''}/vars")
            group["0"] = np.full((1, 1, 1, 1), i, np.float32)
            group["1"] = np.zeros(1, np.float32)
    found = weights(convert(path, architecture=architecture))
    assert [found[f"c{i}/kernel"].item() for i in range(12)] == list(range(12))


def test_bfloat16_and_float16_weights(references: Path, tmp_path: Path) -> None:
    path = tmp_path / "model.h5"
    path.write_bytes((references / "lenet_k3.h5").read_bytes())
    with h5py.File(path, "r+") as file:
        names = ("conv2d/kernel", "conv2d/bias")
        group = file["model_weights/conv2d"]
        stored = [x for x in group.attrs["weight_names"] if x.endswith(names)]
        kernel, bias = (group[x][()] for x in stored)
        for name, value in zip(
            stored, (kernel.astype(ml_dtypes.bfloat16), bias.astype(np.float16)), strict=True
        ):
            del group[name]
            group[name] = value
        group[stored[0]].attrs["dtype"] = "bfloat16"
    found = weights(convert(path))
    rounded = np.transpose(kernel, (3, 2, 0, 1)).astype(ml_dtypes.bfloat16)
    np.testing.assert_array_equal(found["conv2d/kernel"], rounded.astype(np.float32))
    np.testing.assert_array_equal(found["conv2d/bias"], bias.astype(np.float16).astype(np.float32))


def zip_with(path: Path, source: Path, **members: Any) -> Path:
    """Write a copy of an archive where some members are others, or None for missing."""
    with zipfile.ZipFile(source) as whole, zipfile.ZipFile(path, "w") as archive:
        for name in whole.namelist():
            content = members.get(name.split(".")[0], whole.read(name))
            if content is not None:
                archive.writestr(name, content)
    return path


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"config": None}, r"must hold one config\.json, but .* holds 0"),
        ({"model": None}, r"must hold one model\.weights\.h5"),
        ({"config": "{"}, r"The config\.json of .* must be JSON"),
        ({"config": "[1]"}, "with the key 'class_name'"),
        ({"config": "[" * 5000}, "must be JSON|must nest at most"),
        ({"config": '{"class_name": ' + "[" * 300 + "]" * 300 + "}"}, "must nest at most 200"),
        ({"metadata": "no"}, r"The metadata\.json of .* must be JSON"),
        ({"model": b"no HDF5"}, "which is another format"),
    ],
)
def test_archives_that_are_not_whole(
    references: Path, tmp_path: Path, members: Any, message: str
) -> None:
    path = zip_with(tmp_path / "model.keras", references / "lenet_k3.keras", **members)
    with pytest.raises(ModelFormatError, match=message) as caught:
        convert(path)
    assert str(path) in str(caught.value)  # not the unpacked file


def test_members_that_come_twice_or_unpack_to_too_much(references: Path, tmp_path: Path) -> None:
    source = references / "lenet_k3.keras"
    path = zip_with(tmp_path / "twice.keras", source)
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("config.json", "{}")
    with pytest.raises(ModelFormatError, match=r"must hold one config\.json, but .* holds 2"):
        convert(path)
    bomb = tmp_path / "bomb.keras"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("config.json", (references / "lenet_k3.json").read_text())
        archive.writestr("model.weights.h5", bytes(2**26))
    with pytest.raises(ModelFormatError, match=r"model\.weights\.h5 in .* declares 67108864 bytes"):
        convert(bomb)


def test_an_archive_without_metadata_shows_its_version(references: Path, tmp_path: Path) -> None:
    source = references / "lenet_k3.keras"
    path = zip_with(tmp_path / "model.keras", source, metadata=None)
    assert metadata(convert(path))["onnxfi.keras_version"] == "3"


def metadata(model: onnx.ModelProto) -> dict[str, str]:
    return {entry.key: entry.value for entry in model.metadata_props}


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_provenance_names_the_files_and_what_took_part(references: Path) -> None:
    source = references / "lenet_k3.weights.h5"
    architecture = references / "lenet_k3.json"
    entries = metadata(convert(source, architecture=architecture, opset=15))
    assert entries["onnxfi.source_sha256"] == sha256(source)
    assert entries["onnxfi.architecture_sha256"] == sha256(architecture)
    assert entries["onnxfi.route"] == "native"
    assert entries["onnxfi.opset"] == "15"
    assert entries["onnxfi.keras_version"] == "3"
    assert json.loads(entries["onnxfi.versions"])["onnx"] == onnx.__version__


def test_the_difference_is_recorded_beside_the_rest(references: Path) -> None:
    model = convert(references / "lenet_k2.keras")
    before = metadata(model)
    record_difference(model, 1.23456e-07)
    assert metadata(model) == before | {"onnxfi.largest_difference": "1.23e-07"}


@pytest.mark.live
@pytest.mark.usefixtures("live")
@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("name", MODELS)
def test_weights_with_architecture_agree_with_live_keras(
    references: Path, name: str, family: str
) -> None:
    source = references / f"{name}_{family}.weights.h5"
    architecture = references / f"{name}_{family}.json"
    model = convert(source, architecture=architecture)
    assert verify(source, model, architecture=architecture) < 1e-5
    archive = references / f"{name}_{family}.keras"
    assert verify(archive, convert(archive)) < 1e-5


def test_joining_weights_and_architecture_follows_no_link(
    references: Path, named_weights: Callable[..., Path], tmp_path: Path
) -> None:
    path = named_weights("lenet_k2.h5", str)
    with h5py.File(path, "r+") as file:
        file["elsewhere"] = h5py.ExternalLink("secret.h5", "/data")
    assert convert(path, architecture=references / "lenet_k2.json").graph.node
    with pytest.raises(ModelFormatError, match=r"'elsewhere' in .*ExternalLink"):
        write_whole_model(path, references / "lenet_k2.json", tmp_path)
