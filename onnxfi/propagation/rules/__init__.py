"""The rules: one file per family of operators."""

from collections.abc import Sequence

import onnx_ir as ir

from onnxfi.graph import Model
from onnxfi.propagation.rules.batch_normalization import batch_normalization_rule
from onnxfi.propagation.rules.elementwise import elementwise_rule
from onnxfi.propagation.rules.index_moves import index_move_rule
from onnxfi.propagation.rules.max_pooling import max_pool_rule
from onnxfi.propagation.rules.quantised import stands_alone
from onnxfi.propagation.rules.rule import InexactError, Operand, Rule

__all__ = ["InexactError", "Operand", "Rule", "make_rule"]

_INDEX_MOVES = frozenset(
    [
        *("CenterCropPad", "Concat", "DepthToSpace", "Dropout", "Expand", "Flatten", "Gather"),
        *("GatherElements", "GatherND", "Identity", "Pad", "Reshape", "ReverseSequence", "Slice"),
        *("SpaceToDepth", "Squeeze", "Tile", "Transpose", "Trilu", "Unsqueeze"),
    ]
)
_MAX_POOLINGS = frozenset({"GlobalMaxPool", "MaxPool"})


def make_rule(model: Model, node: ir.Node, patched: Sequence[int]) -> Rule | None:
    """Return the rule of a node, or None where it has none.

    Args:
        model: the model that the node is in.
        node: the node; only its first output may be used.
        patched: positions of the inputs that may be patched.
    """
    kind = node.op_type
    if node.domain == "com.microsoft":
        return elementwise_rule(model, node, patched) if kind.startswith("QLinear") else None
    if node.domain not in ("", "ai.onnx") or kind.startswith("QLinear"):
        return None
    if kind in _INDEX_MOVES or (kind in ("Resize", "Upsample") and _takes_nearest(node)):
        return index_move_rule(model, node, patched)
    if kind in _MAX_POOLINGS:
        return max_pool_rule(node)
    if kind == "BatchNormalization":
        return batch_normalization_rule(node, patched)
    if kind in ("DequantizeLinear", "QuantizeLinear") and not stands_alone(node):
        return None
    return elementwise_rule(model, node, patched)


def _takes_nearest(node: ir.Node) -> bool:
    return node.attributes.get_string("mode", "nearest") == "nearest"
