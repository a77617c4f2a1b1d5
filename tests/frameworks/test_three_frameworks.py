"""Tests one model in PyTorch, Keras and ONNX, with the same weights and the same faults.

PyTorch overwrites the layer's output in a forward hook; Keras is cut into two sub-models; onnxfi
injects into the model that PyTorch exported, and into the one that it converted from Keras.
"""

from typing import Any

import numpy as np
import pytest

from tests.frameworks.comparison import TOLERANCE, Cases, Report, largest_difference
from tests.frameworks.faults import draw_corruption

pytestmark = [pytest.mark.live, pytest.mark.usefixtures("live")]

PAIRS = 50


@pytest.mark.parametrize("name", ["lenet", "resnet", "unet", "squeezenet"])
@pytest.mark.parametrize("family", ["tf_keras", "keras"])
def test_random_faults_have_one_effect(
    torch_case: Cases,
    keras_case: Cases,
    name: str,
    family: str,
    report: Report,
) -> None:
    pytorch = torch_case(name)
    keras = keras_case(name, family, weights_of=pytorch.source)
    golden = pytorch.source.layer_outputs(pytorch.inputs)
    # The last layer has no second half.
    layers = [layer for layer in golden if layer in keras.exported.tensors][:-1]
    rng = np.random.default_rng(6)
    injections = [
        {layer: draw_corruption(golden[layer], rng=rng)} for layer in rng.choice(layers, PAIRS)
    ]

    expected = pytorch.expected(injections)
    source: Any = keras.source
    by_keras = [source.outputs_by_sub_models(keras.inputs, x) for x in injections]

    difference = max(map(largest_difference, by_keras, expected))
    assert difference <= TOLERANCE
    compared = {
        "Keras": f"{difference:.1e}",
        "exported by PyTorch": pytorch.compare(injections, expected),
        "converted from Keras": keras.compare(injections, expected),
    }
    report("; ".join(f"{key}: {value}" for key, value in compared.items()))
