"""Layers that change the rows and columns of images: enlarge, pad, crop."""

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
    """Translate UpSampling2D, nearest or bilinear."""
    options = call.options
    options.require_channels_last()
    interpolation = options.choice("interpolation", "nearest", *_INTERPOLATIONS)
    factors = options.pair("size")
    image = graph.channels_first(call.image())
    scales = graph.numbers("scales", [1, 1, *factors])
    resized = graph.apply("Resize", image, "", scales, **_INTERPOLATIONS[interpolation])
    rows, columns = (
        None if length is None else length * factor
        for length, factor in zip(image.shape[1:3], factors, strict=True)
    )
    return LayerResult(replace(resized, shape=(None, rows, columns, image.shape[3])))


def translate_zero_padding(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate ZeroPadding2D, in either layout."""
    options = call.options
    options.require_channels_last()
    image = call.image()
    before = [0, 0, 0, 0]
    after = [0, 0, 0, 0]
    shape = list(image.shape)
    for axis, (start, end) in enumerate(options.margins("padding"), 1):
        before[image.stored_axis(axis)] = start
        after[image.stored_axis(axis)] = end
        size = shape[axis]
        shape[axis] = None if size is None else size + start + end
    pads = graph.integers("pads", [*before, *after])
    padded = graph.apply("Pad", image, pads, mode="constant")
    return LayerResult(replace(padded, shape=tuple(shape)))


def translate_cropping(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate Cropping2D, in either layout."""
    options = call.options
    options.require_channels_last()
    image = call.image()
    shape = list(image.shape)
    starts, ends, axes = [], [], []
    for axis, (start, end) in enumerate(options.margins("cropping"), 1):
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
