"""Translates layers that prepare inputs: Rescaling, Normalization and CenterCrop."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from onnxfi.converters.keras_files.values import is_whole
from onnxfi.converters.options.known import layer_options
from onnxfi.converters.translation.graph_builder import GraphBuilder
from onnxfi.converters.translation.layer_call import LayerCall, LayerResult, Options, WeightRole
from onnxfi.converters.translation.layer_kind import InputCast, LayerKind, MaskRule

_SMALLEST_DEVIATION = 1e-7


def translate_rescaling(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate Rescaling: x * scale + offset, with numbers for all channels or for each."""
    scale = _numbers(call.options, "scale", 1.0)
    offset = _numbers(call.options, "offset", 0.0)
    tensor = call.input if scale.size == offset.size == 1 else graph.channels_last(call.input)
    scaled = graph.apply("Mul", tensor, graph.numbers("scale", scale))
    return LayerResult(graph.apply("Add", scaled, graph.numbers("offset", offset)))


def normalization_weights(options: Options) -> tuple[WeightRole, ...]:
    """Return the weights of Normalization: its statistics, unless the configuration has them."""
    mean, variance = options.get("mean"), options.get("variance")
    if (mean is None) != (variance is None):
        raise options.wrong("variance", variance, "null where the mean is, and only there")
    if mean is not None:
        return ()
    return tuple(WeightRole(role, trainable=False) for role in ("mean", "variance", "count"))


def translate_normalization(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate Normalization: (x - mean) / sqrt(variance), or the inverse."""
    options = call.options
    tensor = graph.channels_last(call.input)
    axes = options.values.get("axis", -1)
    axes = [] if axes is None else axes if isinstance(axes, list) else [axes]
    if not all(is_whole(axis) and -tensor.rank <= axis < tensor.rank for axis in axes):
        raise options.wrong("axis", axes, f"axes of the shape {tensor.shape}")
    kept = {axis % tensor.rank for axis in axes}
    sizes = [tensor.shape[axis] for axis in sorted(kept)]
    if None in sizes:
        raise options.unsupported(f"normalises axes of unknown size of the shape {tensor.shape}")
    shape = tuple(size for size in sizes if size is not None)
    broadcast = [tensor.shape[axis] or 1 if axis in kept else 1 for axis in range(tensor.rank)]
    mean = _statistic(call, "mean", shape).reshape(broadcast)
    deviation = np.sqrt(_statistic(call, "variance", shape)).reshape(broadcast)
    centre = graph.numbers("mean", mean)
    spread = graph.numbers("deviation", np.maximum(deviation, _SMALLEST_DEVIATION))
    if options.flag("invert", False):
        return LayerResult(graph.apply("Add", graph.apply("Mul", tensor, spread), centre))
    return LayerResult(graph.apply("Div", graph.apply("Sub", tensor, centre), spread))


def translate_center_crop(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate CenterCrop of images that are large enough; Keras would resize smaller ones."""
    image = call.first_input(rank=4)
    shape = list(image.shape)
    starts, ends, axes = [], [], []
    for axis, key in enumerate(("height", "width"), 1):
        size, length = call.options.size(key), image.shape[axis]
        if length is None or length < size:
            raise call.options.unsupported(f"crops {image.shape} to a {key} of {size}")
        start = (length - size) // 2
        starts.append(start)
        ends.append(start + size)
        axes.append(image.stored_axis(axis))
        shape[axis] = size
    bounds = (("starts", starts), ("ends", ends), ("axes", axes))
    cropped = graph.apply("Slice", image, *(graph.integers(role, x) for role, x in bounds))
    return LayerResult(replace(cropped, shape=tuple(shape)))


def _numbers(options: Options, key: str, default: float | None = None) -> NDArray[np.float32]:
    """Return an option that is a number, or nested lists of numbers."""
    value = options.get(key, default)
    try:
        return np.asarray(value, np.float32)
    except (TypeError, ValueError) as error:
        raise options.wrong(key, value, "a number, or lists of numbers") from error


def _statistic(call: LayerCall, role: str, shape: tuple[int, ...]) -> NDArray[np.float32]:
    if role in call.weights:
        return call.weight(role, shape)
    value = _numbers(call.options, role)
    size = int(np.prod(shape))
    if value.size not in (1, size):
        raise call.options.wrong(role, value.tolist(), f"numbers of the shape {shape}")
    return np.broadcast_to(value.ravel(), (size,)).reshape(shape)


LAYERS: Mapping[str, LayerKind] = {
    "CenterCrop": LayerKind(
        translate=translate_center_crop,
        options=layer_options("height", "width", "data_format"),
        arguments=("training",),
    ),
    "Normalization": LayerKind(
        translate=translate_normalization,
        options=layer_options("axis", "mean", "variance", "invert"),
        weights=normalization_weights,
        any_type=True,
        cast=InputCast.ALL,
        mask=MaskRule.PASSED,
        mask_in_keras_2=MaskRule.LOST,
    ),
    "Rescaling": LayerKind(
        translate=translate_rescaling,
        options=layer_options("scale", "offset"),
        any_type=True,
        cast=InputCast.ALL,
        mask=MaskRule.PASSED,
        mask_in_keras_2=MaskRule.LOST,
    ),
}
"""The layers of this module, by class."""
