"""Tensors that all of a corruption goes through, against a walk that leaves each of them out."""

import numpy as np
import onnx_ir as ir
import pytest

import onnxfi
from onnxfi.graph.dependencies import consumed_values
from onnxfi.runtime import Session
from onnxfi.suffix.phases.bottlenecks import find_bottlenecks, part_after, part_before
from onnxfi.surgery import split
from tests.support.models.light_models import densified
from tests.support.small_graphs import SMALL_GRAPHS, names_of, random_inputs


def reaches_an_output(graph: ir.Graph, changed: str, without: ir.Value) -> bool:
    reached = {x for x in graph.inputs if x.name == changed}
    for node in graph:
        if not reached.isdisjoint(consumed_values(node)):
            reached |= {x for x in node.outputs if x is not without}
    return any(x in reached for x in graph.outputs)


def check(model: onnxfi.Model, target: str) -> list[ir.Value]:
    graph = split(model, target).suffix.graph
    found = find_bottlenecks(graph, [target])
    every = [x for node in graph for x in node.outputs if not x.is_graph_output()]
    assert found == [x for x in every if not reaches_an_output(graph, target, x)]
    return found


@pytest.mark.parametrize("graph", SMALL_GRAPHS)
def test_small_graphs(graph: str) -> None:
    model = onnxfi.load(SMALL_GRAPHS[graph]())
    for target in model.targets():
        if split(model, target).faulty_outputs:
            check(model, target.tensor)


@pytest.mark.thorough
@pytest.mark.parametrize(
    "name",
    [
        pytest.param("light_densenet121", marks=pytest.mark.nightly),
        pytest.param("light_inception_v2", marks=pytest.mark.nightly),
        "light_resnet50",
    ],
)
def test_architectures(name: str) -> None:
    model = onnxfi.load(densified(name))
    for target in model.targets(op="Conv")[::10]:
        assert check(model, target.tensor)


@pytest.mark.parametrize("graph", SMALL_GRAPHS)
def test_the_parts_compute_the_whole(graph: str) -> None:
    proto = SMALL_GRAPHS[graph]()
    model, feeds = onnxfi.load(proto), random_inputs(proto)
    changed = [x.name or "" for x in model.graph.inputs][:1]
    expected = Session(model).run(feeds)
    for value in find_bottlenecks(model.graph, changed):
        before, after = part_before(model, [value]), part_after(model, value)
        known = feeds | Session(before).run({x: feeds[x] for x in names_of(before.graph.inputs)})
        made = Session(after).run({x: known[x] for x in names_of(after.graph.inputs)})
        for name, array in expected.items():
            np.testing.assert_allclose(made[name], array, rtol=1e-5)
