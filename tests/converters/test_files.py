"""Every kind of file gives the model that the .h5 gives: archives, and weights with architecture."""

import numpy as np
import onnx
import pytest

from onnxfi.converters import convert, is_keras_file
from onnxfi.converters.keras_file import keras_version_of

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
