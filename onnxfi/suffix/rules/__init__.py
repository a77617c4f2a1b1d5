"""Rules that push sparse patches through operators, one file for each family of operators."""

from collections.abc import Sequence
from typing import Literal

from onnxfi.graph import Model
from onnxfi.onnx_ir import ir
from onnxfi.suffix.rules.batch_normalization import batch_normalization_rule
from onnxfi.suffix.rules.elementwise import elementwise_rule
from onnxfi.suffix.rules.index_moves import index_move_rule
from onnxfi.suffix.rules.max_pooling import max_pool_rule
from onnxfi.suffix.rules.portable import ROUNDING_NOTHING, portable
from onnxfi.suffix.rules.rule import InexactError, Operand, Rule

__all__ = ["InexactError", "Operand", "Rule", "make_rules"]

_INDEX_MOVES = frozenset(
    [
        *("CenterCropPad", "Concat", "DepthToSpace", "Dropout", "Expand", "Flatten", "Gather"),
        *("GatherElements", "GatherND", "Identity", "Pad", "Reshape", "ReverseSequence", "Slice"),
        *("SpaceToDepth", "Split", "Squeeze", "Tile", "Transpose", "Trilu", "Unsqueeze"),
    ]
)
_MAX_POOLINGS = frozenset({"GlobalMaxPool", "MaxPool"})


def make_rules(
    model: Model,
    node: ir.Node,
    patched: Sequence[int],
    *,
    provider: Literal["cpu", "cuda"] = "cpu",
) -> dict[ir.Value, Rule]:
    """Return the rule of each output of a node that is used; none where one has no rule.

    Args:
        model: the model that the node is in.
        node: the node.
        patched: positions of the inputs that may be patched.
        provider: where the node runs; ``cuda`` has rules for operators that round nothing.
    """
    if provider != "cpu" and not _rounds_nothing(node):
        return {}
    used = [x for x in node.outputs if x.uses() or x in model.graph.outputs]
    if node.op_type != "Split" and any(x is not node.outputs[0] for x in used):
        return {}
    rules = {x: _make_rule(model, node, patched, x) for x in used}
    made = {x: rule for x, rule in rules.items() if rule is not None}
    if len(made) != len(used):
        return {}
    return made if provider == "cpu" else {x: portable(rule) for x, rule in made.items()}


def _rounds_nothing(node: ir.Node) -> bool:
    kinds = ROUNDING_NOTHING | _INDEX_MOVES | _MAX_POOLINGS
    return node.domain in ("", "ai.onnx") and node.op_type in kinds


def _make_rule(
    model: Model, node: ir.Node, patched: Sequence[int], output: ir.Value
) -> Rule | None:
    kind = node.op_type
    if node.domain == "com.microsoft":
        return elementwise_rule(model, node, patched) if kind.startswith("QLinear") else None
    if node.domain not in ("", "ai.onnx") or kind.startswith("QLinear"):
        return None
    if kind in _INDEX_MOVES or (kind in ("Resize", "Upsample") and _takes_nearest(node)):
        return index_move_rule(model, node, patched, output)
    if kind in _MAX_POOLINGS:
        return max_pool_rule(node)
    if kind == "BatchNormalization":
        return batch_normalization_rule(node, patched)
    return elementwise_rule(model, node, patched)


def _takes_nearest(node: ir.Node) -> bool:
    return node.attributes.get_string("mode", "nearest") == "nearest"
