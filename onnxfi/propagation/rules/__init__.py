"""The rules: one file per family of operators."""

from collections.abc import Sequence

import onnx_ir as ir

from onnxfi.graph import Model
from onnxfi.propagation.rules.arithmetic import arithmetic_rule
from onnxfi.propagation.rules.batch_normalization import batch_normalization_rule
from onnxfi.propagation.rules.index_moves import index_move_rule
from onnxfi.propagation.rules.max_pooling import max_pool_rule
from onnxfi.propagation.rules.pointwise import pointwise_rule
from onnxfi.propagation.rules.rule import InexactError, Operand, Rule

__all__ = ["InexactError", "Operand", "Rule", "make_rule"]

_ARITHMETIC = frozenset({"Add", "Div", "Mul", "Sub", "Sum"})
# They move what their first input holds.
_INDEX_MOVES = frozenset(
    [
        "DepthToSpace",
        "Dropout",
        "Expand",
        "Flatten",
        "Identity",
        "Pad",
        "Reshape",
        "Slice",
        "SpaceToDepth",
        "Squeeze",
        "Tile",
        "Transpose",
        "Unsqueeze",
    ]
)
_FLOATS = (ir.DataType.FLOAT, ir.DataType.DOUBLE)


def make_rule(model: Model, node: ir.Node, patched: Sequence[int]) -> Rule | None:
    """Return the rule of a node, or None where it has none.

    Args:
        model: the model that the node is in.
        node: the node; only its first output may be used.
        patched: positions of the inputs that may be patched.
    """
    kind = node.op_type
    if node.domain not in ("", "ai.onnx"):
        return None
    if kind in _ARITHMETIC and _are_floats(node, patched):
        return arithmetic_rule(node)
    if kind == "Concat":
        return index_move_rule(model, node, patched)
    if set(patched) != {0}:
        return None
    if kind in _INDEX_MOVES or (kind in ("Resize", "Upsample") and _takes_nearest(node)):
        return index_move_rule(model, node, patched)
    if kind == "MaxPool":
        return max_pool_rule(node)
    if not _are_floats(node, patched):
        return None
    if kind == "BatchNormalization":
        return batch_normalization_rule(node)
    return pointwise_rule(node)


def _are_floats(node: ir.Node, positions: Sequence[int]) -> bool:
    values = (node.inputs[position] for position in positions)
    return all(value is not None and value.dtype in _FLOATS for value in values)


def _takes_nearest(node: ir.Node) -> bool:
    return node.attributes.get_string("mode", "nearest") == "nearest"
