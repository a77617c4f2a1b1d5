"""Translates layers that enlarge, pad or crop the axes between batch and channels."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from onnxfi.converters.options.known import OF_REFUSED, layer_options
from onnxfi.converters.translation.graph_builder import GraphBuilder
from onnxfi.converters.translation.interpolation import interpolation_of
from onnxfi.converters.translation.layer_call import LayerCall, LayerResult
from onnxfi.converters.translation.layer_kind import LayerKind, over_axes
from onnxfi.converters.translation.sequences import sizes


def translate_upsampling(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate UpSampling1D, 2D and 3D, with any interpolation that ONNX supports."""
    options = call.options
    factors = options.per_axis("size", call.axes)
    image = graph.channels_first(call.image())
    enlarged = tuple(
        None if length is None else length * factor
        for length, factor in zip(image.shape[1:-1], factors, strict=True)
    )
    attributes = interpolation_of(options, "nearest", image.shape[1:-1], enlarged)
    scales = graph.constant("scales", [1, 1, *factors], "float32")
    resized = graph.apply("Resize", image, "", scales, **attributes)
    return LayerResult(replace(resized, shape=(None, *enlarged, image.shape[-1])))


def translate_resizing(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate Resizing to a height and a width, without keeping the aspect ratio."""
    options = call.options
    for flag in ("crop_to_aspect_ratio", "pad_to_aspect_ratio", "antialias"):
        if options.flag(flag, False):
            raise options.unsupported(f"has {flag}=True")
    image = graph.channels_first(call.first_input(rank=4))
    size = (options.size("height"), options.size("width"))
    attributes = interpolation_of(options, "bilinear", image.shape[1:-1], size)
    outer = sizes(image.name, 0, 2, graph)
    target = graph.operator("Concat", [outer, graph.integers("size", size)], axis=0)
    resized = graph.apply("Resize", image, "", "", target, **attributes)
    return LayerResult(replace(resized, shape=(None, *size, image.shape[-1])))


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


LAYERS: Mapping[str, LayerKind] = {
    **over_axes(
        "Cropping{}",
        LayerKind(translate=translate_cropping, options=layer_options("cropping", "data_format")),
    ),
    "Resizing": LayerKind(
        translate=translate_resizing,
        options=layer_options(
            *("height", "width", "data_format", "interpolation"),
            *("crop_to_aspect_ratio", "pad_to_aspect_ratio", "antialias"),
            idle=dict.fromkeys(("fill_mode", "fill_value"), OF_REFUSED),
        ),
        arguments=("training",),
    ),
    **over_axes(
        "UpSampling{}",
        LayerKind(
            translate=translate_upsampling,
            options=layer_options("size", "data_format", "interpolation"),
        ),
    ),
    **over_axes(
        "ZeroPadding{}",
        LayerKind(
            translate=translate_zero_padding, options=layer_options("padding", "data_format")
        ),
    ),
}
"""The layers of this module, by class."""
