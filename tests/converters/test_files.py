"""Every kind of file, archive or weights with architecture, gives the model that the .h5 gives."""

import hashlib
import json
from pathlib import Path

import numpy as np
import onnx
import pytest

from onnxfi.converters import convert, is_keras_file, verify
from onnxfi.converters.keras_file import keras_version_of
from onnxfi.converters.provenance import record_difference

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
def test_an_archive_gives_the_model_of_the_h5(references, name, family):
    path = references / f"{name}_{family}.h5"
    assert is_keras_file(path.with_suffix(".keras"))
    assert keras_version_of(path.with_suffix(".keras")) == keras_version_of(path)
    assert_same_model(convert(path.with_suffix(".keras")), convert(path))


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("name", MODELS)
def test_grouped_weights_with_architecture_give_the_model_of_the_h5(references, name, family):
    path = references / f"{name}_{family}.h5"
    model = convert(path.with_suffix(".weights.h5"), architecture=path.with_suffix(".json"))
    assert_same_model(model, convert(path))


def metadata(model: onnx.ModelProto) -> dict[str, str]:
    return {entry.key: entry.value for entry in model.metadata_props}


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_provenance_names_the_files_and_what_took_part(references):
    source = references / "lenet_k3.weights.h5"
    architecture = references / "lenet_k3.json"
    entries = metadata(convert(source, architecture=architecture, opset=15))
    assert entries["onnxfi.source_sha256"] == sha256(source)
    assert entries["onnxfi.architecture_sha256"] == sha256(architecture)
    assert entries["onnxfi.route"] == "native"
    assert entries["onnxfi.opset"] == "15"
    assert entries["onnxfi.keras_version"] == "3"
    assert json.loads(entries["onnxfi.versions"])["onnx"] == onnx.__version__


def test_the_difference_is_recorded_beside_the_rest(references):
    model = convert(references / "lenet_k2.keras")
    before = metadata(model)
    record_difference(model, 1.23456e-07)
    assert metadata(model) == before | {"onnxfi.largest_difference": "1.23e-07"}


@pytest.mark.live
@pytest.mark.usefixtures("live")
@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("name", MODELS)
def test_weights_with_architecture_agree_with_live_keras(references, name, family):
    source = references / f"{name}_{family}.weights.h5"
    architecture = references / f"{name}_{family}.json"
    model = convert(source, architecture=architecture)
    assert verify(source, model, architecture=architecture) < 1e-5
    archive = references / f"{name}_{family}.keras"
    assert verify(archive, convert(archive)) < 1e-5
