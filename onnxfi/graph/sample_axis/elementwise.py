"""Rules for operators that compute each element from its operands' elements, with broadcasting."""

from collections.abc import Sequence

from onnxfi.graph.sample_axis.kernels import depends_on_place
from onnxfi.graph.sample_axis.laned_node import LanedNode, MixedError


def elementwise(laned: LanedNode) -> int:
    """Align operands at their last axes."""
    if "broadcast" in laned.node.attributes or "axis" in laned.node.attributes:
        raise MixedError("broadcasts in the way of opsets before 7")
    axis = broadcast(laned, [x for x in range(len(laned.axes)) if laned.has(x)])
    if depends_on_place(laned.node):
        for position, own in enumerate(laned.axes):
            if own is not None:
                laned.ends_of_blocks(position)
        laned.whole_blocks(laned.node.outputs[0], axis)
    return axis


def broadcast(laned: LanedNode, positions: Sequence[int]) -> int:
    """Return the axis of the samples in the result of operands that are broadcast.

    Raises:
        MixedError: the samples are not aligned.
    """
    ranks = {x: laned.rank(x) for x in positions}
    rank = max(ranks.values())
    found = {axis + rank - ranks[x] for x in positions if (axis := laned.axes[x]) is not None}
    if len(found) != 1:
        raise MixedError("aligns the samples of one input with another axis of the other")
    (axis,) = found
    for position in positions:
        own = axis - (rank - ranks[position])
        if laned.axes[position] is None and own >= 0 and laned.sizes(position)[own] != 1:
            raise MixedError("aligns the samples with an axis of a shared input")
    return axis


def first_input(laned: LanedNode) -> int:
    """Keep the layout of the first input; the samples share the other inputs."""
    laned.only(0)
    return laned.axis


def dropout(laned: LanedNode) -> int:
    """Return the input unchanged, outside of training; its mask is all True."""
    if laned.opset < 7 and not laned.number("is_test", 0):
        raise MixedError("may drop elements at random")
    return first_input(laned)
