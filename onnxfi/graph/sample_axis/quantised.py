"""Rules for quantised operators, whose samples share scales and zero points."""

from onnxfi.graph.sample_axis.elementwise import broadcast
from onnxfi.graph.sample_axis.laned_node import LanedNode, MixedError
from onnxfi.graph.sample_axis.products import laned_operands


def quantization(laned: LanedNode) -> int:
    """Scale all elements alike, or each slice along another axis than the samples."""
    laned.only(0)
    if laned.number("block_size", 0):
        raise MixedError("has a scale for each block")
    if any(x != 1 for x in laned.sizes(1)):
        laned.apart({laned.along(1)}, "has scales")
    return laned.axis


def binary(laned: LanedNode) -> int:
    """Combine two operands, each with its scale and zero point."""
    laned_operands(laned, 0, 3)
    return broadcast(laned, [0, 3])


def concat(laned: LanedNode) -> int:
    """Concatenate operands, which follow the result's scale and zero point with their own."""
    laned.only(*range(2, len(laned.axes), 3))
    laned.apart({laned.along(1, 2)}, "concatenates")
    return laned.axis


def gemm(laned: LanedNode) -> int:
    """Multiply samples that are rows of the first operand."""
    laned.only(0)
    if laned.axis != (1 if laned.number("transA", 0) else 0):
        raise MixedError("sums along the axis of the samples")
    if any(x != 1 for position in (1, 2) for x in laned.sizes(position)):
        raise MixedError("reads a number for each row, and rows may be samples")
    return 0
