"""Faults followed forwards and backwards through a graph reach the same tensors."""

from collections.abc import Callable

import onnx
import pytest

import onnxfi
from onnxfi.graph.fault_reach import fault_reach, faults_reaching
from tests.support.models.noisy_models import MODELS, dropout
from tests.support.models.odd_models import ODD_MODELS
from tests.support.small_graphs import SMALL_GRAPHS


@pytest.mark.parametrize("make", [*MODELS, dropout, *SMALL_GRAPHS.values(), *ODD_MODELS.values()])
def test_both_ways_agree(make: Callable[[], onnx.ModelProto]) -> None:
    model = onnxfi.load(make())
    every = list(model.values.values())
    bits = {value: 1 << place for place, value in enumerate(every)}
    of_values = faults_reaching(model.graph, bits, {})
    of_shapes = faults_reaching(model.graph, {}, bits)
    for target in every:
        reach = fault_reach(model.graph, [target])
        assert {x for x in every if of_values[target] & bits[x]} == reach.values & set(every)
        assert {x for x in every if of_shapes[target] & bits[x]} == reach.shapes & set(every)
