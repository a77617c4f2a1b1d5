"""Tests that NaN and infinities in any layer give NaN and infinities in the same outputs.

The models have no max pooling. A pooling propagates NaN in PyTorch, ignores it in TensorFlow and in
the reference of ONNX, and depends on the position in the window in ONNX Runtime.
"""

import numpy as np
import pytest

from onnxfi.error_models import Corruption
from tests.frameworks.comparison import Case, Cases, Comparison, Report

pytestmark = [pytest.mark.live, pytest.mark.usefixtures("live")]

MODELS = ("resnet", "multi_input_output")


def compare_not_finite(case: Case) -> Comparison:
    """Write NaN and both infinities into every layer; return the comparison."""
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
