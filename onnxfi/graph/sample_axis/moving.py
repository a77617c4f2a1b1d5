"""Rules for operators that move elements or change the layout."""

import math
from collections.abc import Sequence

from onnxfi.graph.sample_axis.laned_node import LanedNode, MixedError
from onnxfi.onnx_ir import ir

_Sizes = Sequence[int | ir.SymbolicDim]
# The end of a slice from this value on means the end of the axis.
_FAR = (1 << 31) - 1


def reshape(laned: LanedNode) -> int:
    """Keep the axis of the samples, with as many elements before and after it."""
    laned.only(0)
    wanted, value = laned.numbers("shape", 1), laned.node.inputs[0]
    by_zero = laned.number("allowzero", 0) and 0 in (wanted or [0])
    if value is not None and value.shape is not None and wanted and not by_zero:
        before, made = list(value.shape), laned.node.outputs[0].shape
        if laned.axis == 0 and _keeps_first_axis(before, wanted):
            return 0
        for place in range(0 if made is None else len(made)):
            if made is not None and _corresponds(before, laned.axis, list(made), place):
                return place
    raise MixedError("merges the samples with another axis, as far as shapes are known")


def _keeps_first_axis(before: _Sizes, wanted: Sequence[int]) -> bool:
    first, rest = wanted[0], wanted[1:]
    if first != -1:
        return first in (0, before[0])
    sample = _product(before[1:])
    return sample is not None and all(x > 0 for x in rest) and sample == math.prod(rest)


def _corresponds(before: _Sizes, axis: int, after: _Sizes, place: int) -> bool:
    """Return whether two axes have the same size and as many elements before and after them."""
    size = before[axis]
    return (
        size == after[place]
        and getattr(size, "value", size) is not None
        and None not in (_product(before[:axis]), _product(before[axis + 1 :]))
        and _product(before[:axis]) == _product(after[:place])
        and _product(before[axis + 1 :]) == _product(after[place + 1 :])
    )


def _product(sizes: _Sizes) -> int | None:
    """Return the number of elements; None if it is unknown or 0."""
    known = [x for x in sizes if isinstance(x, int) and x]
    return math.prod(known) if len(known) == len(sizes) else None


def flatten(laned: LanedNode) -> int:
    """Flatten into two axes, one of which holds the samples alone."""
    laned.only(0)
    sizes, middle = laned.sizes(), laned.along(1)
    first = laned.axis < middle
    beside = sizes[:middle] if first else sizes[middle:]
    del beside[laned.axis if first else laned.axis - middle]
    if any(x != 1 for x in beside):
        raise MixedError("merges the samples with another axis")
    return 0 if first else 1


def transpose(laned: LanedNode) -> int:
    """Look the axis up in the order of axes."""
    order = laned.numbers("perm", 1) or [*reversed(range(laned.rank()))]
    return order.index(laned.axis)


def squeeze(laned: LanedNode) -> int:
    """Drop the given axes; without axes the result depends on the size of the batch."""
    laned.only(0)
    axes = laned.numbers("axes", 1)
    if axes is None:
        raise MixedError("drops every axis of size 1, which includes a batch of one")
    dropped = laned.counted(axes, laned.rank())
    laned.apart(dropped, "drops an axis")
    return laned.axis - sum(x < laned.axis for x in dropped)


def unsqueeze(laned: LanedNode) -> int:
    """Insert axes, which may move the axis of the samples."""
    laned.only(0)
    axes = laned.numbers("axes", 1) or []
    new = laned.counted(axes, laned.rank() + len(axes))
    return [x for x in range(laned.rank() + len(axes)) if x not in new][laned.axis]


def concat(laned: LanedNode) -> int:
    """Concatenate along another axis; all inputs have samples."""
    laned.only(*range(len(laned.axes)))
    laned.apart({laned.along(1)}, "concatenates")
    return laned.axis


def along_axis(laned: LanedNode, *, default: int) -> int:
    """Work along one other axis, which is an attribute; the layout stays."""
    laned.only(0)
    laned.apart({laned.along(default)}, "works")
    return laned.axis


def slice_(laned: LanedNode) -> int:
    """Slice other axes, or the samples from the first to the last."""
    laned.only(0)
    starts, ends = laned.numbers("starts", 1) or [], laned.numbers("ends", 2) or []
    axes = laned.numbers("axes", 3)
    steps = laned.numbers("steps", 4) or [1] * len(starts)
    places = [*range(len(starts))] if axes is None else axes
    for start, end, place, step in zip(starts, ends, places, steps, strict=True):
        whole = start == 0 and end >= _FAR and step == 1
        if place % laned.rank() == laned.axis and not whole:
            raise MixedError("selects some of the samples")
    return laned.axis


def gather(laned: LanedNode) -> int:
    """Gather along another axis; the data or the indices have samples."""
    axis = laned.along(0)
    if laned.axes[1] is not None:
        laned.only(1)
        return axis + laned.axis
    laned.apart({axis}, "gathers")
    return laned.axis if laned.axis < axis else laned.axis + laned.rank(1) - 1


def gather_elements(laned: LanedNode) -> int:
    """Gather along another axis; each sample has its own data and indices."""
    laned.only(0, 1)
    laned.apart({laned.along(0)}, "gathers")
    return laned.axis


def gather_nd(laned: LanedNode) -> int:
    """Gather with samples as batch axes of data and indices, or of the indices only."""
    batched = laned.number("batch_dims", 0)
    if laned.axes[0] is not None:
        laned.only(0, 1)
        if laned.axis >= batched:
            raise MixedError("gathers along the axis of the samples")
    else:
        laned.only(1)
        if batched or laned.axis >= laned.rank(1) - 1:
            raise MixedError("gathers by the samples")
    return laned.axis


def scatter_elements(laned: LanedNode) -> int:
    """Scatter along another axis; each sample has its own data, indices and updates."""
    laned.only(0, 1, 2)
    laned.apart({laned.along(0)}, "scatters")
    return laned.axis


def pad(laned: LanedNode) -> int:
    """Pad other axes than the samples."""
    laned.only(0)
    name = "paddings" if "paddings" in laned.node.attributes else "pads"
    pads, rank = laned.numbers(name, 1) or [], laned.rank()
    axes = laned.numbers("axes", 3)
    places = [*range(rank)] if axes is None else [x % rank for x in axes]
    for position, place in enumerate(places):
        if place == laned.axis and (pads[position] or pads[position + len(places)]):
            raise MixedError("pads the samples")
    return laned.axis


def tile(laned: LanedNode) -> int:
    """Repeat along other axes than the samples."""
    laned.only(0)
    if (laned.numbers("repeats", 1) or [])[laned.axis : laned.axis + 1] != [1]:
        raise MixedError("repeats the samples")
    return laned.axis


def expand(laned: LanedNode) -> int:
    """Broadcast to a shape that keeps the axis of the samples."""
    laned.only(0)
    shape, rank = laned.numbers("shape", 1) or [], laned.rank()
    axis = laned.axis + max(len(shape) - rank, 0)
    own = axis - max(rank - len(shape), 0)
    if own >= 0 and shape[own] != 1:
        raise MixedError("repeats the samples")
    return axis


def shape_of(laned: LanedNode) -> list[int]:
    """Return the sizes of other axes, which are the same for all samples."""
    rank = laned.rank()
    start, end = laned.number("start", 0), laned.number("end", rank)
    begin, stop = (min(max(x + rank if x < 0 else x, 0), rank) for x in (start, end))
    if begin <= laned.axis < stop:
        raise MixedError("reads the number of samples")
    return []


def leading(laned: LanedNode, *, worked_on: int) -> int:
    """Work on the last axes, such as matrices or images; the axes before them stay."""
    laned.only(0)
    rank = laned.rank()
    laned.apart({*range(rank - worked_on, rank)}, "works")
    return laned.axis


def one_hot(laned: LanedNode) -> int:
    """Insert an axis; the indices have samples."""
    laned.only(0)
    rank = laned.rank() + 1
    new = laned.number("axis", -1) % rank
    return laned.axis + (new <= laned.axis)


def reverse_sequence(laned: LanedNode) -> int:
    """Reverse each sample up to its own length."""
    if laned.axes[:2] != (laned.number("batch_axis", 1), 0):
        raise MixedError("reverses along the axis of the samples")
    return laned.number("batch_axis", 1)
