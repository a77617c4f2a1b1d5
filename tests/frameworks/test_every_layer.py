"""Tests that a corruption of any layer has the same effect in the source framework.

In the framework, a hook or wrapper overwrites the layer's output. onnxfi splits the exported model
at the tensor of that layer.
"""

from typing import Any

import numpy as np
import pytest

from tests.frameworks.comparison import TOLERANCE, Case, Cases, Comparison, Report
from tests.frameworks.faults import draw_corruption, relative_difference

pytestmark = [pytest.mark.live, pytest.mark.usefixtures("live")]

SMALL = ("lenet", "resnet", "unet", "squeezenet", "siamese", "multi_input_output")
FAMILIES = ("tf_keras", "keras")
LARGE = ("ResNet50", "DenseNet121", "InceptionV3", "MobileNetV2")


def compare_layers(case: Case, *, every: int = 1) -> Comparison:
    """Corrupt every layer and every input twice, or only some of them; return the comparison."""
    golden = {**case.inputs, **case.source.layer_outputs(case.inputs)}
    for layer, tensor in case.exported.layer_outputs(case.inputs).items():
        assert relative_difference(tensor, golden[layer]) <= TOLERANCE, layer
    layers = [layer for layer in golden if layer in case.exported.tensors]
    rng = np.random.default_rng(2)
    injections = [
        {layer: draw_corruption(golden[layer], rng=rng)} for layer in layers[::every] for _ in "12"
    ]
    return case.compare(injections, case.expected(injections))


@pytest.mark.parametrize("name", SMALL)
def test_pytorch(torch_case: Cases, name: str, report: Report) -> None:
    case = torch_case(name)
    assert set(case.source.layer_outputs(case.inputs)) < set(case.exported.tensors)
    report(compare_layers(case))


@pytest.mark.parametrize("name", ["resnet", "unet"])
def test_pytorch_with_normalisations_in_the_convolutions(
    torch_case: Cases, name: str, report: Report
) -> None:
    case = torch_case(name, optimize=True)
    without_tensor = set(case.source.layer_outputs(case.inputs)) - set(case.exported.tensors)
    source: Any = case.source
    modules = dict(source.model.named_modules())
    assert {type(modules[layer]).__name__ for layer in without_tensor} == {"Conv2d"}
    report(compare_layers(case))


@pytest.mark.parametrize("name", SMALL)
@pytest.mark.parametrize("family", FAMILIES)
def test_keras(keras_case: Cases, name: str, family: str, report: Report) -> None:
    case = keras_case(name, family)
    assert set(case.source.layer_outputs(case.inputs)) < set(case.exported.tensors)
    report(compare_layers(case))


@pytest.mark.parametrize("name", LARGE)
def test_some_layers_of_a_large_model(keras_case: Cases, name: str, report: Report) -> None:
    report(compare_layers(keras_case(name, "tf_keras"), every=8))


@pytest.mark.nightly
@pytest.mark.parametrize("name", LARGE)
@pytest.mark.parametrize("family", FAMILIES)
def test_every_layer_of_a_large_model_in_keras(
    keras_case: Cases, name: str, family: str, report: Report
) -> None:
    report(compare_layers(keras_case(name, family)))


@pytest.mark.nightly
@pytest.mark.parametrize("name", LARGE)
@pytest.mark.parametrize("optimize", [False, True])
def test_every_layer_of_a_large_model_in_pytorch(
    torch_case: Cases, name: str, optimize: bool, report: Report
) -> None:
    report(compare_layers(torch_case(name, optimize=optimize)))
