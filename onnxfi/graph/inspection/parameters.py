"""Counts the parameters that a node reads."""

from collections.abc import Collection, Iterable, Iterator

import numpy as np

from onnxfi.graph.dependencies import consumed_values
from onnxfi.graph.shapes.shape_inputs import is_shape_input
from onnxfi.onnx_ir import ir

# The dtypes of shapes, axes, indices, conditions and texts: constants that are not parameters.
STRUCTURAL = (np.dtype(np.int64), np.dtype(np.bool_), np.dtype(np.object_))


def count_parameters(value: ir.Value, constants: Collection[ir.Value]) -> int:
    """Return the number of parameters that an activation's node reads, or that a weight has.

    Weights are traced back to the initializers and Constant nodes that they are computed from.
    Scales and zero points of a DequantizeLinear do not count, and neither do shapes and axes.

    Args:
        value: the tensor.
        constants: the graph's values that depend on constants only.
    """
    node = value.producer()
    of = [value] if node is None or value in constants else _weights_read(node)
    return sum(map(_size, _stored(of, constants)))


def _weights_read(node: ir.Node) -> Iterator[ir.Value]:
    inputs = set(node.inputs)
    for position, value in enumerate(node.inputs):
        if value is not None and not is_shape_input(node, position):
            yield value
    yield from (value for value in consumed_values(node) if value not in inputs)


def _stored(values: Iterable[ir.Value], constants: Collection[ir.Value]) -> list[ir.Value]:
    """Return the initializers and the outputs of Constants that some values are computed from."""
    found: dict[ir.Value, None] = {}
    seen: set[ir.Value] = set()
    waiting = list(values)
    while waiting:
        value = waiting.pop()
        if value in seen or value not in constants:
            continue
        seen.add(value)
        node = value.producer()
        if node is None or node.op_type == "Constant":
            found[value] = None
        elif node.op_type == "DequantizeLinear":
            waiting.extend(x for x in node.inputs[:1] if x is not None)
        else:
            waiting.extend(_weights_read(node))
    return list(found)


def _size(value: ir.Value) -> int:
    tensor = ir.convenience.get_const_tensor(value)
    return 0 if tensor is None or tensor.dtype.numpy() in STRUCTURAL else tensor.size
