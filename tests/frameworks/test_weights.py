"""Tests that a corruption of any weight has the same effect in the source framework.

A weight of a layer that is called twice is one tensor: its fault is in both branches.
"""

import numpy as np
import pytest

from onnxfi.error_models import Corruption
from tests.frameworks.comparison import Case, Cases, Comparison, Report
from tests.frameworks.faults import draw_corruption

pytestmark = [pytest.mark.live, pytest.mark.usefixtures("live")]

MODELS = ("unet", "squeezenet", "siamese", "multi_input_output")


def compare_weights(case: Case) -> Comparison:
    """Corrupt every weight twice; return the comparison."""
    golden = case.source.weights()
    rng = np.random.default_rng(3)
    injections = [{name: _draw(name, golden[name], rng)} for name in golden for _ in "12"]
    expected = []
    for faults in injections:
        ((name, corruption),) = faults.items()
        with case.source.corrupted_weight(name, corruption):
            expected += case.source.outputs(case.inputs)
    return case.compare(injections, expected)


def _draw(name: str, golden: np.ndarray, rng: np.random.Generator) -> Corruption:
    corruption = draw_corruption(golden, rng=rng)
    if "var" not in name:
        return corruption
    # A negative variance makes NaN, which test_not_a_number covers.
    return Corruption(corruption.indices, np.abs(corruption.values))


@pytest.mark.parametrize("name", MODELS)
def test_pytorch(torch_case: Cases, name: str, report: Report) -> None:
    report(compare_weights(torch_case(name)))


@pytest.mark.parametrize("name", MODELS)
def test_keras(
    keras_case: Cases,
    name: str,
    report: Report,
) -> None:
    report(compare_weights(keras_case(name, "tf_keras")))
