"""Rules for operators on images and signals, whose first axis counts the samples."""

from onnxfi.graph.sample_axis.laned_node import LanedNode, MixedError
from onnxfi.onnx_ir import ir


def by_sample(laned: LanedNode, *, positions: tuple[int, ...] = (0,)) -> int:
    """Work on each sample separately; the samples share the inputs at other positions."""
    laned.only(*(x for x in positions if laned.has(x)))
    if laned.axis != 0:
        raise MixedError("reads the samples along another axis than the first")
    return 0


def max_pool(laned: LanedNode) -> int:
    """Pool each sample, unless the indices are read, which count through all samples."""
    if laned.uses(1):
        raise MixedError("gives indices that count through all samples")
    return by_sample(laned)


def local_response(laned: LanedNode) -> int:
    """Normalise each sample; a vectorised kernel computes the powers."""
    axis = by_sample(laned)
    laned.ends_of_blocks()
    return axis


def instance_normalization(laned: LanedNode) -> int:
    """Normalise each sample; a vectorised kernel computes the means, and parameters are shared."""
    axis = by_sample(laned)
    laned.aligned()
    return axis


def batch_normalization(laned: LanedNode) -> int:
    """Normalise each channel with fixed parameters; training would use all samples."""
    laned.only(0)
    trains = laned.number("training_mode", 0) or (
        laned.opset < 7 and not laned.number("is_test", 0)
    )
    if trains or any(laned.uses(x) for x in range(1, 5)):
        raise MixedError("normalizes all samples together, as in training")
    laned.apart({1}, "normalizes")
    if laned.axis and not laned.number("spatial", 1):
        raise MixedError("has other parameters for each sample")
    return laned.axis


def resize(laned: LanedNode) -> int:
    """Resize other axes than the samples."""
    laned.only(0)
    rank = laned.rank()
    if "axes" in laned.node.attributes:
        laned.apart(laned.counted(laned.numbers("axes", 9) or [], rank), "resizes")
        return laned.axis
    if laned.has(3):
        raise MixedError("names the size of the batch")
    scales = _scales(laned)
    if laned.axis >= len(scales) or scales[laned.axis] != 1:
        raise MixedError("resizes along the axis of the samples")
    return laned.axis


def _scales(laned: LanedNode) -> list[float]:
    node = laned.node
    if "scales" in node.attributes:
        return [*node.attributes["scales"].as_floats()]
    place = 2 if node.op_type == "Resize" and laned.opset >= 11 else 1
    value = node.inputs[place] if laned.has(place) else None
    tensor = None if value is None else ir.convenience.get_const_tensor(value)
    return [] if tensor is None else [float(x) for x in tensor.numpy().reshape(-1)]


def spectrum(laned: LanedNode) -> int:
    """Transform along another axis than the samples and the real and imaginary parts."""
    laned.only(0)
    default = 1 if laned.opset < 20 else -2
    axis = laned.numbers("axis", 2) if laned.opset >= 20 else None
    along = axis or [laned.number("axis", default)]
    laned.apart({*laned.counted(along, laned.rank()), laned.rank() - 1}, "works")
    return laned.axis
