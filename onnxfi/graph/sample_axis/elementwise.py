"""Operators that compute each element from those at the same place, with broadcasting."""

from collections.abc import Sequence

from onnxfi.graph.sample_axis.kernels import depends_on_place
from onnxfi.graph.sample_axis.laned_node import LanedNode, MixedError


def elementwise(laned: LanedNode) -> int:
    """Line operands up at their last axes."""
    if "broadcast" in laned.node.attributes or "axis" in laned.node.attributes:
        raise MixedError("broadcasts as operator sets before 7 do")
    axis = broadcast(laned, [x for x in range(len(laned.axes)) if laned.has(x)])
    if depends_on_place(laned.node):
        for position, own in enumerate(laned.axes):
            if own is not None:
                laned.ends_of_blocks(position)
        laned.whole_blocks(laned.node.outputs[0], axis)
    return axis


def broadcast(laned: LanedNode, positions: Sequence[int]) -> int:
    """Return where the samples of operands that are broadcast to one another lie.

    Raises:
        MixedError: they do not line up.
    """
    ranks = {x: laned.rank(x) for x in positions}
    rank = max(ranks.values())
    found = {axis + rank - ranks[x] for x in positions if (axis := laned.axes[x]) is not None}
    if len(found) != 1:
        raise MixedError("lines the samples of one input up with another axis of the other")
    (axis,) = found
    for position in positions:
        own = axis - (rank - ranks[position])
        if laned.axes[position] is None and own >= 0 and laned.sizes(position)[own] != 1:
            raise MixedError("lines the samples up with an axis of what they share")
    return axis


def first_input(laned: LanedNode) -> int:
    """All but the first input is shared; each output is laid out like it."""
    laned.only(0)
    return laned.axis


def dropout(laned: LanedNode) -> int:
    """Outside of training it hands its input through; so says its mask, all True."""
    if laned.opset < 7 and not laned.number("is_test", 0):
        raise MixedError("may drop elements at random")
    return first_input(laned)
