"""Tests faults in several layers and inputs at once, including downstream of each other.

In the frameworks, the later layer is overwritten after the first fault has reached it.
"""

import numpy as np
import pytest

from tests.frameworks.comparison import Case, Cases, Comparison, Report
from tests.frameworks.faults import Faults, draw_corruption

pytestmark = [pytest.mark.live, pytest.mark.usefixtures("live")]

MODELS = ("unet", "squeezenet", "siamese", "multi_input_output")
INJECTIONS = 20


def compare_several(case: Case) -> Comparison:
    """Corrupt two to four random layers or inputs at once; return the comparison."""
    golden = {**case.inputs, **case.source.layer_outputs(case.inputs)}
    # A module and its last inner module may share a tensor, which is one target.
    layers = list({tensor: layer for layer, tensor in case.exported.tensors.items()}.values())
    rng = np.random.default_rng(4)
    injections: list[Faults] = []
    for _ in range(INJECTIONS):
        chosen = rng.choice(layers, rng.integers(2, 5), replace=False)
        injections.append({x: draw_corruption(golden[x], rng=rng) for x in chosen})
    return case.compare(injections, case.expected(injections))


@pytest.mark.parametrize("name", MODELS)
def test_pytorch(torch_case: Cases, name: str, report: Report) -> None:
    report(compare_several(torch_case(name)))


@pytest.mark.parametrize("name", MODELS)
def test_keras(
    keras_case: Cases,
    name: str,
    report: Report,
) -> None:
    report(compare_several(keras_case(name, "tf_keras")))
