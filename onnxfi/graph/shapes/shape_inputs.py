"""Finds operator inputs that are only a shape, a size, a count or an axis."""

from onnxfi.graph.shapes.shape_operands import SHAPE_OPERANDS
from onnxfi.onnx_ir import ir

# The shape of their outputs depends on their data.
_DATA_DECIDES = frozenset(
    [
        *("Compress", "ImageDecoder", "NonMaxSuppression", "NonZero", "SequenceAt"),
        *("SequenceErase", "SequenceInsert", "StringNormalizer", "StringSplit", "Unique"),
    ]
)
# An axis or a count that changes no shape, or an input whose elements are not read.
_FURTHER = {
    "CumSum": frozenset({1}),
    "EyeLike": frozenset({0}),
    "Loop": frozenset({0}),
    "NonMaxSuppression": frozenset({2}),
    "Shape": frozenset({0}),
    "Size": frozenset({0}),
    "Trilu": frozenset({1}),
}
_PLACES = {
    op: places
    for (domain, op), places in SHAPE_OPERANDS.items()
    if domain == "" and op not in _DATA_DECIDES
} | _FURTHER
_REDUCTION = "Reduce"  # its second input names the axes


def is_shape_input(node: ir.Node, place: int) -> bool:
    """Return whether an input of a node is a shape, a size, a count or an axis.

    Args:
        node: the node.
        place: the position of the input among the node's inputs.
    """
    if node.domain != "":
        return False
    if node.op_type.startswith(_REDUCTION):
        return place == 1
    return place in _PLACES.get(node.op_type, ())
