"""Translates functions of tf.image and tf.nn on images (batch, rows, columns, channels)."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from onnxfi.converters.keras_files.values import is_whole
from onnxfi.converters.layers.convolution.convolution import (
    translate_convolution,
    translate_depthwise_convolution,
)
from onnxfi.converters.layers.convolution.pooling import translate_pooling
from onnxfi.converters.layers.core import transposed
from onnxfi.converters.translation.graph_builder import GraphBuilder
from onnxfi.converters.translation.interpolation import interpolation_of
from onnxfi.converters.translation.layer_call import LayerCall, LayerResult, Options, Translation
from onnxfi.converters.translation.operands import FLOATS, as_operand, cast, shown
from onnxfi.converters.translation.reductions import reduced
from onnxfi.converters.translation.sequences import sizes
from onnxfi.converters.translation.tensor import Tensor

_FAR = 2**31 - 1
_LUMA = (0.2989, 0.5870, 0.1140)  # weights of red, green and blue in tf.image


def translate_image_resize(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate image.resize, and the older functions that place pixels differently."""
    options = call.options
    for flag in ("preserve_aspect_ratio", "antialias"):
        if options.flag(flag, False):
            raise options.unsupported(f"has {flag}=True")
    image = _image(call)
    size = options.get("size")
    if not isinstance(size, list) or len(size) != 2 or not all(is_whole(x) and x > 0 for x in size):
        raise options.unsupported(f"resizes to {shown(size)}")
    attributes = dict(interpolation_of(options, "bilinear", image.shape[1:-1], size))
    nearest = attributes["mode"] == "nearest"
    if options.get("older"):
        if options.flag("align_corners", False):
            attributes["coordinate_transformation_mode"] = "align_corners"
        elif not options.flag("half_pixel_centers", False):
            attributes["coordinate_transformation_mode"] = "asymmetric"
            if nearest:
                attributes["nearest_mode"] = "floor"
    if not nearest:
        image = cast(image, "float32", graph)
    image = graph.channels_first(image)
    outer = sizes(image.name, 0, 2, graph)
    target = graph.operator("Concat", [outer, graph.integers("size", size)], axis=0)
    resized = graph.apply("Resize", image, "", "", target, **attributes)
    return LayerResult(replace(resized, shape=(image.shape[0], *size, image.shape[-1])))


def translate_turned(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate flip_left_right, flip_up_down, rot90 and transpose."""
    kind = call.options.layer_class.removeprefix("ops.")
    image = graph.channels_last(_image(call))
    swapped = [0, 2, 1, 3]
    if kind == "Rot90":
        turns = call.options.integer("k", 1) % 4
        flipped: Mapping[int, list[int]] = {0: [], 1: [2], 2: [1, 2], 3: [1]}
        image = _reversed(image, flipped[turns], graph)
        return LayerResult(transposed(image, swapped, graph) if turns % 2 else image)
    if kind == "TransposeImage":
        return LayerResult(transposed(image, swapped, graph))
    return LayerResult(_reversed(image, [2 if kind == "FlipLeftRight" else 1], graph))


def _reversed(image: Tensor, axes: list[int], graph: GraphBuilder) -> Tensor:
    count = len(axes)
    if not count:
        return graph.apply("Identity", image)
    bounds = ([-1] * count, [-_FAR] * count, axes, [-1] * count)
    roles = zip(("starts", "ends", "axes", "steps"), bounds, strict=True)
    return graph.apply("Slice", image, *(graph.integers(role, x) for role, x in roles))


def translate_crop_or_pad(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate the functions that crop an image to a size, or pad it with zeros."""
    kind = call.options.layer_class.removeprefix("ops.")
    options = call.options
    image = graph.channels_last(_image(call))
    lengths = _lengths(call, image)
    if kind == "CentralCrop":
        fraction = options.number("central_fraction") or 0.0
        if not 0 < fraction <= 1:
            raise options.wrong("central_fraction", fraction, "above 0, up to 1")
        margins = [-int((length - length * fraction) / 2) for length in lengths]
        pairs = [(margin, margin) for margin in margins]
        return LayerResult(_resized(image, pairs, graph))
    targets = [options.size(f"target_{key}") for key in ("height", "width")]
    if kind == "CropOrPad":
        pairs = []
        for length, target in zip(lengths, targets, strict=True):
            before = (target - length) // 2 if target > length else -((length - target) // 2)
            pairs.append((before, target - length - before))
        return LayerResult(_resized(image, pairs, graph))
    offsets = [options.integer(f"offset_{key}", 0) for key in ("height", "width")]
    sign = 1 if kind == "PadToBox" else -1
    pairs = [
        (sign * offset, target - length - sign * offset)
        for length, target, offset in zip(lengths, targets, offsets, strict=True)
    ]
    if any(sign * x < 0 for pair in pairs for x in pair):
        raise options.wrong("offset_height", offsets, f"offsets that fit {lengths} and {targets}")
    return LayerResult(_resized(image, pairs, graph))


def _resized(image: Tensor, pairs: Sequence[tuple[int, int]], graph: GraphBuilder) -> Tensor:
    """Return an image padded before and after its rows and columns; negative numbers crop."""
    (top, bottom), (left, right) = pairs
    pads = graph.integers("pads", [0, top, left, 0, 0, bottom, right, 0])
    zero = graph.constant("zero", 0, image.dtype)
    padded = graph.apply("Pad", image, pads, zero, mode="constant")
    inner = [
        None if length is None else length + before + after
        for length, (before, after) in zip(image.shape[1:3], pairs, strict=True)
    ]
    return replace(padded, shape=(image.shape[0], *inner, image.shape[3]))


def translate_gray(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate rgb_to_grayscale and grayscale_to_rgb."""
    image = graph.channels_last(_image(call))
    if call.options.layer_class == "ops.GrayToRgb":
        repeats = graph.integers("repeats", [1, 1, 1, 3])
        name = graph.operator("Tile", [image.name, repeats])
        return LayerResult(replace(image, name=name, shape=(*image.shape[:-1], 3)))
    if image.shape[-1] != 3 or image.dtype not in FLOATS:
        raise call.options.unsupported(f"gets a {image.dtype} image of the shape {image.shape}")
    weights = graph.constant("weights", np.reshape(_LUMA, (3, 1)), image.dtype)
    name = graph.operator("MatMul", [image.name, weights])
    return LayerResult(replace(image, name=name, shape=(*image.shape[:-1], 1)))


def translate_standardization(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate per_image_standardization: mean 0 and variance 1, unless an image is uniform."""
    image = graph.channels_last(_image(call))
    lengths = [*_lengths(call, image), call.features(image)]
    axes = [1, 2, 3]
    mean = reduced("ReduceMean", image.name, axes, graph, keepdims=True)
    centred = graph.operator("Sub", [image.name, mean])
    square = graph.operator("Mul", [centred, centred])
    variance = reduced("ReduceMean", square, axes, graph, keepdims=True)
    smallest = graph.constant("smallest", 1 / math.sqrt(math.prod(lengths)), image.dtype)
    spread = graph.operator("Max", [graph.operator("Sqrt", [variance]), smallest])
    return LayerResult(replace(image, name=graph.operator("Div", [centred, spread])))


def translate_brightness(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate adjust_brightness of an image of floating-point numbers."""
    image = call.input
    if image.dtype not in FLOATS:
        raise call.options.unsupported(f"gets a {image.dtype} image")
    delta = graph.constant("delta", call.options.number("delta") or 0.0, image.dtype)
    return LayerResult(graph.apply("Add", image, delta))


def translate_blocks(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate depth_to_space and space_to_depth."""
    _require_channels_last(call)
    size = call.options.size("block_size")
    image = _image(call)
    batch, rows, columns, _ = image.shape
    channels = call.features(image)
    stored = graph.channels_first(image)
    if call.options.layer_class == "ops.DepthToSpace":
        if channels % size**2:
            raise call.options.wrong("block_size", size, f"one that divides {channels} channels")
        result = graph.apply("DepthToSpace", stored, blocksize=size, mode="DCR")
        factor, count = float(size), channels // size**2
    else:
        result = graph.apply("SpaceToDepth", stored, blocksize=size)
        factor, count = 1 / size, channels * size**2
    inner = [None if x is None else round(x * factor) for x in (rows, columns)]
    return LayerResult(replace(result, shape=(batch, *inner, count)))


def translate_response_normalization(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate local_response_normalization; ONNX divides alpha by the number of neighbours."""
    options = call.options
    count = 2 * options.integer("depth_radius", 5) + 1
    alpha, beta, bias = (
        options.number(key, default) or 0.0
        for key, default in (("alpha", 1.0), ("beta", 0.5), ("bias", 1.0))
    )
    image = graph.channels_first(_image(call))
    return LayerResult(
        graph.apply("LRN", image, size=count, alpha=alpha * count, beta=beta, bias=bias)
    )


def translate_pool(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate nn.max_pool, nn.avg_pool and similar functions as the layers of Keras."""
    _require_channels_last(call)
    kind = call.options.layer_class.removeprefix("ops.")
    axes = call.input.rank - 2
    values = {
        "pool_size": _per_axis(call, "ksize", axes),
        "strides": _per_axis(call, "strides", axes),
        "padding": str(call.options.get("padding")).lower(),
    }
    options = replace(call.options, layer_class=f"{kind}{axes}D", values=values)
    return translate_pooling(replace(call, options=options), graph)


def translate_convolution_function(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate nn.conv2d and nn.depthwise_conv2d with a constant kernel, as layers of Keras."""
    _require_channels_last(call)
    image, given = call.arguments
    kernel = as_operand(call, given)
    if isinstance(kernel, Tensor) or not isinstance(image, Tensor) or kernel.ndim != image.rank:
        raise call.options.unsupported("convolves with a kernel that is no constant")
    depthwise = call.options.layer_class == "ops.DepthwiseConvolution"
    axes = image.rank - 2
    values: dict[str, Any] = {
        "kernel_size": list(kernel.shape[:axes]),
        "strides": _per_axis(call, "strides", axes),
        "dilation_rate": _per_axis(call, "dilations", axes),
        "padding": str(call.options.get("padding")).lower(),
        "use_bias": False,
    }
    if depthwise:
        values["depth_multiplier"] = kernel.shape[-1]
    else:
        values["filters"] = kernel.shape[-1]
        values["groups"] = max(1, call.features(image) // kernel.shape[-2])
    name = f"{'Depthwise' if depthwise else ''}Conv{axes}D"
    changed = replace(
        call,
        options=Options(call.options.path, name, values, call.options.keras_major),
        arguments=(image,),
        weights={"kernel": kernel.astype(np.float32)},
    )
    translate = translate_depthwise_convolution if depthwise else translate_convolution
    return translate(changed, graph)


def _per_axis(call: LayerCall, key: str, axes: int) -> list[int]:
    """Return an option that TensorFlow states once, for each inner axis, or for all axes."""
    value = call.options.get(key, 1)
    numbers = value if isinstance(value, list) else [value]
    if len(numbers) == 1:
        numbers = numbers * axes
    if len(numbers) == axes + 2 and numbers[0] == numbers[-1] == 1:
        numbers = numbers[1:-1]
    if len(numbers) != axes or not all(is_whole(x) and x > 0 for x in numbers):
        raise call.options.unsupported(f"has {key}={shown(value)}")
    return numbers


def _require_channels_last(call: LayerCall) -> None:
    layout = call.options.get("data_format")
    if layout is not None and not str(layout).endswith("C"):
        raise call.options.unsupported(f"has data_format={layout!r}")


def _image(call: LayerCall) -> Tensor:
    if call.input.rank != 4:
        raise call.options.unsupported(f"gets an image of the shape {call.input.shape}")
    return call.input


def _lengths(call: LayerCall, image: Tensor) -> list[int]:
    lengths = [length for length in image.shape[1:3] if length is not None]
    if len(lengths) != 2:
        raise call.options.unsupported(f"gets an image of unknown size, {image.shape}")
    return lengths


TENSORFLOW_OPERATIONS: Mapping[str, Translation] = {
    "AdjustBrightness": translate_brightness,
    "AveragePooling": translate_pool,
    "CentralCrop": translate_crop_or_pad,
    "Convolution": translate_convolution_function,
    "CropOrPad": translate_crop_or_pad,
    "CropToBox": translate_crop_or_pad,
    "DepthToSpace": translate_blocks,
    "DepthwiseConvolution": translate_convolution_function,
    "FlipLeftRight": translate_turned,
    "FlipUpDown": translate_turned,
    "GrayToRgb": translate_gray,
    "ImageResize": translate_image_resize,
    "MaxPooling": translate_pool,
    "PadToBox": translate_crop_or_pad,
    "ResponseNormalization": translate_response_normalization,
    "RgbToGray": translate_gray,
    "Rot90": translate_turned,
    "SpaceToDepth": translate_blocks,
    "Standardize": translate_standardization,
    "TransposeImage": translate_turned,
}
"""Functions of TensorFlow that are not operations of Keras 3."""
