"""Layers that change the sizes of the axes between batch and channels: enlarge, pad, crop."""

from dataclasses import replace

import numpy as np

from onnxfi.converters.graph_builder import GraphBuilder
from onnxfi.converters.layer_call import LayerCall, LayerResult

# How Keras maps a pixel of the enlarged image back, in the words of ONNX.
_INTERPOLATIONS = {
    "nearest": {
        "mode": "nearest",
        "coordinate_transformation_mode": "asymmetric",
        "nearest_mode": "floor",
    },
    "bilinear": {"mode": "linear", "coordinate_transformation_mode": "half_pixel"},
}


def translate_upsampling(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate UpSampling1D, 2D and 3D, nearest or bilinear."""
    options = call.options
    interpolation = options.choice("interpolation", "nearest", *_INTERPOLATIONS)
    factors = options.per_axis("size", call.axes)
    image = graph.channels_first(call.image())
    scales = graph.constant("scales", [1, 1, *factors], "float32")
    resized = graph.apply("Resize", image, "", scales, **_INTERPOLATIONS[interpolation])
    sizes = (
        None if length is None else length * factor
        for length, factor in zip(image.shape[1:-1], factors, strict=True)
    )
    return LayerResult(replace(resized, shape=(None, *sizes, image.shape[-1])))


def translate_zero_padding(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate ZeroPadding1D, 2D and 3D, in either layout."""
    image = call.image()
    before = [0] * image.rank
    after = [0] * image.rank
    shape = list(image.shape)
    for axis, (start, end) in enumerate(call.options.margins("padding", call.axes), 1):
        before[image.stored_axis(axis)] = start
        after[image.stored_axis(axis)] = end
        size = shape[axis]
        shape[axis] = None if size is None else size + start + end
    pads = graph.integers("pads", [*before, *after])
    padded = graph.apply("Pad", image, pads, mode="constant")
    return LayerResult(replace(padded, shape=tuple(shape)))


def translate_cropping(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate Cropping1D, 2D and 3D, in either layout."""
    image = call.image()
    shape = list(image.shape)
    starts, ends, axes = [], [], []
    for axis, (start, end) in enumerate(call.options.margins("cropping", call.axes), 1):
        starts.append(start)
        ends.append(-end if end else np.iinfo(np.int64).max)
        axes.append(image.stored_axis(axis))
        size = shape[axis]
        shape[axis] = None if size is None else size - start - end
    cropped = graph.apply(
        "Slice",
        image,
        graph.integers("starts", starts),
        graph.integers("ends", ends),
        graph.integers("axes", axes),
    )
    return LayerResult(replace(cropped, shape=tuple(shape)))
