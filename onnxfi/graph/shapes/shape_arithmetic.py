"""Finds tensors that only compute shapes, such as Shape, Gather and Concat before a Reshape."""

from collections.abc import Collection

from onnxfi.graph.dependencies import consumed_values
from onnxfi.graph.shapes.shape_inputs import is_shape_input
from onnxfi.onnx_ir import ir

_READ_SHAPES = frozenset({"Shape", "Size"})
_WHOLE_NUMBERS = frozenset(x for x in ir.DataType if x.name.startswith(("INT", "UINT", "BOOL")))


def shape_arithmetic(graph: ir.Graph, constants: Collection[ir.Value]) -> set[ir.Value]:
    """Return the node outputs that affect data only as a shape, a size, a count or an axis.

    Integers and bools count wherever they come from. Floats count if they are computed from shapes
    only, such as the factors of a Resize; so do the conditions of an If. Indices of a Gather into
    data, masks, graph outputs and values that a body captures are data.

    Args:
        graph: the main graph, its nodes in order.
        constants: its values that depend on constants only.
    """
    of_shapes = _computed_from_shapes(graph, constants)
    outputs = set(graph.outputs)
    found: set[ir.Value] = set()

    def reaches_no_data(value: ir.Value, node: ir.Node, position: int) -> bool:
        if node.graph is not graph:
            return False
        if is_shape_input(node, position) or (node.op_type == "If" and value in of_shapes):
            return True
        return all(x in found or not (x.uses() or x in outputs) for x in node.outputs)

    for node in reversed(graph):
        for value in node.outputs:
            if (
                value.uses()
                and value not in constants
                and value not in outputs
                and (value.dtype in _WHOLE_NUMBERS or value in of_shapes)
                and all(reaches_no_data(value, *use) for use in value.uses())
            ):
                found.add(value)
    return found


def _computed_from_shapes(graph: ir.Graph, constants: Collection[ir.Value]) -> set[ir.Value]:
    """Return the values that depend on shapes, or on shapes and constants, and nothing else."""
    found: set[ir.Value] = set()
    for node in graph:
        read = [x for x in consumed_values(node) if x not in constants]
        if read and (node.op_type in _READ_SHAPES or all(x in found for x in read)):
            found.update(node.outputs)
    return found
