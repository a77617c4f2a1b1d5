"""Axes of inputs and outputs correspond, for each kind of operator."""

from typing import Any

import numpy as np
import onnx
import pytest

import onnxfi
from onnxfi.graph.axis_links import axis_links
from tests.support.small_graphs import model, node, value

#: The operator, the shape of its input, its constant inputs, and the axes that correspond.
CASES: list[tuple[onnx.NodeProto, list[int], dict[str, Any], dict[int, int]]] = [
    (node("Relu", "x", "y"), [2, 3], {}, {0: 0, 1: 1}),
    (node("Transpose", "x", "y", perm=[2, 0, 1]), [2, 3, 4], {}, {0: 1, 1: 2, 2: 0}),
    (node("Squeeze", "x k", "y"), [2, 1, 4], {"k": [1]}, {0: 0, 2: 1}),
    (node("Unsqueeze", "x k", "y"), [2, 3], {"k": [0]}, {0: 1, 1: 2}),
    (node("ReduceSum", "x k", "y", keepdims=0), [2, 3, 4], {"k": [1]}, {0: 0, 2: 1}),
    (node("ReduceSum", "x k", "y"), [2, 3, 4], {"k": [1]}, {0: 0, 2: 2}),
    (node("Reshape", "x k", "y"), [2, 3, 4, 5], {"k": [2, 3, 20]}, {0: 0, 1: 1, 2: 2, 3: 2}),
    (node("Flatten", "x", "y"), [2, 3, 4], {}, {0: 0, 1: 1, 2: 1}),
    (node("Gather", "x k", "y", axis=1), [2, 3, 4], {"k": [0, 2]}, {0: 0, 1: 1, 2: 2}),
    (node("Add", "x k", "y"), [3], {"k": [[[1, 2, 3]] * 2]}, {0: 2}),
    (node("Softmax", "x", "y"), [2, 3], {}, {0: 0, 1: 1}),
    (node("NonZero", "x", "y"), [2, 3], {}, {}),
]


@pytest.mark.parametrize(("op", "shape", "constants", "expected"), CASES)
def test_links(
    op: onnx.NodeProto, shape: list[int], constants: dict[str, Any], expected: dict[int, int]
) -> None:
    dtype = np.float32 if op.op_type == "Add" else np.int64
    weights = {name: np.array(x, dtype) for name, x in constants.items()}
    element = onnx.TensorProto.INT64 if op.op_type == "NonZero" else onnx.TensorProto.FLOAT
    proto = model([op], [value("x", shape)], [value("y", None, element)], weights)
    (made,) = onnxfi.load(proto).graph
    links = [x for x in axis_links(made) if x.source.name == "x"]
    assert [x.forward for x in links] == ([expected] if expected else [])
    for link in links:
        unique = {x for x in link.forward.values() if [*link.forward.values()].count(x) == 1}
        assert all(link.forward[link.backward[x]] == x for x in unique)
