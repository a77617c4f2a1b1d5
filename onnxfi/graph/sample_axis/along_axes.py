"""Rules for operators that work along some axes: reductions, normalisations, sorting."""

import math

from onnxfi.graph.sample_axis.laned_node import LanedNode, MixedError

# Their kernels visit elements in another order if a single sample drops an axis, or if a sample
# starts within a vector; in an extremum the order decides between NaNs, and between zeros of both
# signs. Up to this number of elements the order is the same.
_IN_ORDER = {"ReduceMax": 4, "ReduceMean": 5, "ReduceMin": 4, "ReduceSum": 5}


def softmax(laned: LanedNode) -> int:
    """Work along one axis, or before opset 13 along all axes from the given one on."""
    laned.only(0)
    rank = laned.rank()
    if laned.opset >= 13 and laned.node.domain in ("", "ai.onnx"):
        axes = {laned.along(-1)}
    else:
        axes = {*range(laned.along(1), rank)}
    laned.apart(axes, "works")
    if laned.node.op_type == "Hardmax":  # a NaN affects the position of the maximum
        laned.aligned()
    _in_double(laned)
    return laned.axis


def qlinear_softmax(laned: LanedNode) -> int:
    """Work along one axis or several, depending on the attribute ``opset``."""
    laned.only(0)
    axis, rank = laned.along(-1), laned.rank()
    axes = {axis} if laned.number("opset", 1) >= 13 else {*range(axis, rank)}
    laned.apart(axes, "works")
    return laned.axis


def reduce(laned: LanedNode) -> int:
    """Reduce other axes than the samples, whose axis moves if reduced axes are dropped."""
    laned.only(0)
    rank = laned.rank()
    named = laned.numbers("axes", 1)
    if not named and laned.number("noop_with_empty_axes", 0):
        return laned.axis
    axes = laned.counted(named, rank) if named else {*range(rank)}
    laned.apart(axes, "reduces")
    if _is_float(laned):
        if laned.node.op_type in _IN_ORDER:
            _check_order(laned, axes)
        _in_double(laned)
    dropped = 0 if laned.number("keepdims", 1) else sum(x < laned.axis for x in axes)
    return laned.axis - dropped


def _check_order(laned: LanedNode, axes: set[int]) -> None:
    rank = laned.rank()
    if axes == {*range(rank - len(axes), rank)}:
        laned.aligned()
        return
    known = [y for x, y in enumerate(laned.sizes()) if x in axes and y is not None]
    if len(known) < len(axes) or math.prod(known) > _IN_ORDER[laned.node.op_type]:
        raise MixedError("visits a single sample in another order than several")


def argument(laned: LanedNode) -> int:
    """Find the position of an extremum along another axis (ArgMax, ArgMin)."""
    laned.only(0)
    axis = laned.along(0)
    laned.apart({axis}, "looks for an extremum")
    return laned.axis - (axis < laned.axis and not laned.number("keepdims", 1))


def top_k(laned: LanedNode) -> int:
    """Sort along another axis; values and indices keep the layout."""
    laned.only(0)
    laned.apart({laned.along(-1)}, "sorts")
    return laned.axis


def cumulative(laned: LanedNode) -> int:
    """Accumulate along another axis, which is an input."""
    laned.only(0)
    axis = laned.numbers("axis", 1) or [0]
    laned.apart(laned.counted(axis, laned.rank()), "accumulates")
    return laned.axis


def layer_normalization(laned: LanedNode) -> int:
    """Normalise all axes from the given one on, with parameters that samples share."""
    laned.only(0)
    laned.apart({*range(laned.along(-1), laned.rank())}, "normalizes")
    for position in range(1, len(laned.axes)):
        _shared_is_within(laned, position, laned.along(-1))
    _in_double(laned)
    return laned.axis


def skip_layer_normalization(laned: LanedNode) -> int:
    """Add two inputs and normalise the last axis; the third output is the sum."""
    laned.only(0, 1)
    if laned.rank(0) != laned.rank(1) or laned.axis == laned.rank() - 1:
        raise MixedError("normalizes along the axis of the samples")
    return laned.axis


def _shared_is_within(laned: LanedNode, position: int, axis: int) -> None:
    if not laned.has(position):
        return
    own = laned.axis - (laned.rank() - laned.rank(position))
    if own >= 0 and laned.sizes(position)[own] != 1:
        raise MixedError(f"has parameters along axes before {axis}")


def mean_variance_normalization(laned: LanedNode) -> int:
    """Normalise along axes, by default N, H and W; ONNX Runtime expands it into means."""
    laned.only(0)
    rank = laned.rank()
    axes = laned.counted(laned.numbers("axes", 1) or [0, 2, 3], rank)
    laned.apart(axes, "normalizes")
    if laned.opset < 9 or axes != {*range(rank - len(axes), rank)}:
        raise MixedError("sums a single sample in another order than several")
    laned.ends_of_blocks()
    return laned.axis


def _is_float(laned: LanedNode) -> bool:
    value = laned.node.inputs[0]
    return value is None or value.dtype is None or value.dtype.is_floating_point()


def _in_double(laned: LanedNode) -> None:
    """Check the ends of blocks in double: MLAS has kernels for float32 only."""
    value = laned.node.inputs[0]
    if value is not None and value.dtype is not None and value.dtype.name == "DOUBLE":
        laned.ends_of_blocks()
