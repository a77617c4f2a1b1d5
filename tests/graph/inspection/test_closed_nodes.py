"""Nodes with bodies are listed."""

import onnxfi
from onnxfi.graph import nodes_with_bodies
from tests.support.models.odd_models import nested_bodies
from tests.support.small_graphs import chain


def test_nested_nodes_count() -> None:
    (found,) = nodes_with_bodies(onnxfi.load(nested_bodies()).graph)
    assert (found.op_type, found.node, found.outputs) == ("If", "node_outer", ("outer",))
    assert found.nodes == 5  # two of the inner If's branches, the If, and one in each branch
    assert str(found).startswith("If 'node_outer' (outer) holds 5 nodes")


def test_a_graph_without_bodies() -> None:
    assert nodes_with_bodies(onnxfi.load(chain()).graph) == []
