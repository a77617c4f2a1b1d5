"""Nodes and constants are built under a common name."""

import numpy as np

from onnxfi.surgery.node_builder import NodeBuilder
from tests.support.small_graphs import constant


def test_names_and_order() -> None:
    builder = NodeBuilder("new", 17)
    one = builder.integers("one", 1, 2)
    added = builder.node("Add", "sum", one, one)
    builder.node("Neg", "negated", added)
    assert [x.name for x in builder.nodes] == ["new/sum", "new/negated"]
    assert builder.nodes[1].inputs == (added,)
    assert [x.name for x in builder.constants] == ["new/one"]
    np.testing.assert_array_equal(constant(one), np.array([1, 2], np.int64))
    assert one.shape is not None
    assert tuple(one.shape) == (2,)
