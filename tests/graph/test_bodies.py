"""The graphs inside nodes."""

import onnxfi
from onnxfi.graph.bodies import bodies
from tests.support.models.odd_models import nested_bodies
from tests.support.small_graphs import SMALL_GRAPHS


def test_both_branches_are_bodies() -> None:
    graph = onnxfi.load(nested_bodies()).graph
    found = {node.op_type: [x.name for x in bodies(node)] for node in graph}
    assert sorted(found.pop("If"), key=str) == ["else", "then"]
    assert not any(found.values())


def test_a_loop_has_one_body() -> None:
    graph = onnxfi.load(SMALL_GRAPHS["loop_with_captures"]()).graph
    (loop,) = (x for x in graph if x.op_type == "Loop")
    assert len(list(bodies(loop))) == 1
