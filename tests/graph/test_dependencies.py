"""Dependencies between values, on graphs small enough to work them out by hand."""

import pytest

import onnxfi
from onnxfi.graph.dependencies import (
    constant_values,
    consumed_values,
    inner_holders,
    needed_values,
    required_nodes,
    suffix_shares,
    working_nodes,
)
from tests.support.models.odd_models import nested_bodies
from tests.support.small_graphs import SMALL_GRAPHS, chain


def test_a_node_reads_what_its_bodies_capture() -> None:
    model = onnxfi.load(nested_bodies())
    (branch,) = (x for x in model.graph if x.op_type == "If")
    read = {x.name for x in consumed_values(branch)}
    assert read == {"first", "second", "a", "b", "c", "w"}


def test_the_holder_of_a_name_is_the_node_of_the_main_graph() -> None:
    model = onnxfi.load(nested_bodies())
    holders = inner_holders(model.graph)
    assert {"sum", "low", "inner", "product", "less"} <= set(holders)
    assert {x.name for x in holders.values()} == {"node_outer"}


def test_a_value_that_is_fed_is_no_constant() -> None:
    graph = onnxfi.load(chain()).graph
    weight = graph.initializers["w"]
    assert weight in constant_values(graph)
    assert weight not in constant_values(graph, given=[weight])


def test_nodes_that_no_output_needs() -> None:
    model = onnxfi.load(SMALL_GRAPHS["dead_end"]())
    graph, unread = model.graph, model.unread_tensors
    assert unread
    needed = {x.name for x in needed_values(graph, graph.outputs)}
    assert needed.isdisjoint(unread)
    required = required_nodes(graph, graph.outputs)
    assert not any(x.name in unread for node in required for x in node.outputs)


@pytest.mark.parametrize("name", SMALL_GRAPHS)
def test_suffix_shares_are_fractions_of_the_working_nodes(name: str) -> None:
    model = onnxfi.load(SMALL_GRAPHS[name]())
    working = working_nodes(model.graph, model.constants)
    shares = suffix_shares(model.graph, model.constants)
    assert set(model.values.values()) <= set(shares)
    for value, share in shares.items():
        dependent = {value}
        for node in model.graph:
            if not dependent.isdisjoint(consumed_values(node)):
                dependent.update(node.outputs)
        reached = [x for x in working if not dependent.isdisjoint(consumed_values(x))]
        assert share == len(reached) / max(1, len(working))
