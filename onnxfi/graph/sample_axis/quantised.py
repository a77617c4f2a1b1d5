"""Quantised operators: scales and zero points are shared."""

from onnxfi.graph.sample_axis.elementwise import broadcast
from onnxfi.graph.sample_axis.laned_node import LanedNode, MixedError
from onnxfi.graph.sample_axis.products import laned_operands


def quantization(laned: LanedNode) -> int:
    """One scale for all, or one for each slice along another axis than the samples."""
    laned.only(0)
    if laned.number("block_size", 0):
        raise MixedError("has a scale for each block")
    if any(x != 1 for x in laned.sizes(1)):
        laned.apart({laned.along(1)}, "has scales")
    return laned.axis


def binary(laned: LanedNode) -> int:
    """Two operands, each with its scale and zero point."""
    laned_operands(laned, 0, 3)
    return broadcast(laned, [0, 3])


def concat(laned: LanedNode) -> int:
    """Operands with their scales and zero points, behind those of the result."""
    laned.only(*range(2, len(laned.axes), 3))
    laned.apart({laned.along(1, 2)}, "joins tensors")
    return laned.axis


def gemm(laned: LanedNode) -> int:
    """Samples are rows of the first operand."""
    laned.only(0)
    if laned.axis != (1 if laned.number("transA", 0) else 0):
        raise MixedError("adds up along the axis of the samples")
    if any(x != 1 for position in (1, 2) for x in laned.sizes(position)):
        raise MixedError("takes a number for each row, which the samples may be")
    return 0
