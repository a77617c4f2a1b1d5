"""Seeds of noise depend on the seed, the inputs and the node alone."""

from collections.abc import Callable

import numpy as np
import onnx
import pytest

import onnxfi
from onnxfi.surgery import with_seeds
from tests.support.models.noisy_models import MODELS, normal_like
from tests.support.small_graphs import random_inputs


def seeds(model: onnxfi.Model) -> list[object]:
    graphs = (model.graph, *model.graph.subgraphs())
    nodes = (node for graph in graphs for node in graph)
    return [x.attributes["seed"].value for x in nodes if "seed" in x.attributes]


@pytest.mark.parametrize("make", MODELS)
def test_seeds_are_repeatable_and_differ(make: Callable[[], onnx.ModelProto]) -> None:
    model, inputs = onnxfi.load(make()), random_inputs(make())
    before = seeds(model)
    found = seeds(with_seeds(model, seed=1, inputs=inputs))
    assert len(found) > len(before)
    assert found == seeds(with_seeds(model, seed=1, inputs=inputs))
    assert found != seeds(with_seeds(model, seed=2, inputs=inputs))
    others = {name: x + 1 for name, x in inputs.items()}
    assert found != seeds(with_seeds(model, seed=1, inputs=others))
    assert seeds(model) == before


def test_seeds_are_exact_in_float32() -> None:
    model = onnxfi.load(normal_like())
    (seed,) = seeds(with_seeds(model, seed=0, inputs={}))
    assert isinstance(seed, float)
    assert seed == np.float32(seed) >= 1
