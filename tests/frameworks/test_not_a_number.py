"""NaN and the infinities at every layer: what comes out is NaN and infinite in the same places.

Only in models without a max pooling. A pooling passes a NaN on in PyTorch, ignores it in TensorFlow
and in the reference of ONNX, and in ONNX Runtime it depends on the place in the window.
"""

import numpy as np
import pytest

from onnxfi.error_models import Corruption
from tests.frameworks.comparison import Case, Cases, Comparison, Report

pytestmark = [pytest.mark.live, pytest.mark.usefixtures("live")]

MODELS = ("resnet", "multi_input_output")


def compare_not_finite(case: Case) -> Comparison:
    """Write NaN and both infinities into every layer; return what was compared."""
    golden = {**case.inputs, **case.source.layer_outputs(case.inputs)}
    rng = np.random.default_rng(5)
    injections = [
        {layer: Corruption(rng.integers(golden[layer].size, size=1), np.array([value], np.float32))}
        for layer in golden
        for value in (np.nan, np.inf, -np.inf)
    ]
    return case.compare(injections, case.expected(injections))


@pytest.mark.parametrize("name", MODELS)
def test_pytorch(torch_case: Cases, name: str, report: Report) -> None:
    report(compare_not_finite(torch_case(name)))


@pytest.mark.parametrize("name", MODELS)
def test_keras(
    keras_case: Cases,
    name: str,
    report: Report,
) -> None:
    report(compare_not_finite(keras_case(name, "tf_keras")))
