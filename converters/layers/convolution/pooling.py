"""Translates pooling over windows, over equal parts, and over whole axes."""

from collections.abc import Mapping
from dataclasses import replace

from onnxfi.converters.options.known import layer_options
from onnxfi.converters.translation.graph_builder import GraphBuilder
from onnxfi.converters.translation.layer_call import LayerCall, LayerResult
from onnxfi.converters.translation.layer_kind import LayerKind, over_axes
from onnxfi.converters.translation.padding import same_padding, window_size
from onnxfi.converters.translation.reductions import reduced
from onnxfi.converters.translation.tensor import Tensor

# By the start of the class name, which ends in the number of axes.
_WINDOWS = {"MaxPooling": "MaxPool", "AveragePooling": "AveragePool"}
_REDUCTIONS = {
    "AdaptiveAveragePooling": "ReduceMean",
    "AdaptiveMaxPooling": "ReduceMax",
    "GlobalAveragePooling": "ReduceMean",
    "GlobalMaxPooling": "ReduceMax",
}


def translate_pooling(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate MaxPooling and AveragePooling; averages exclude the padding."""
    options = call.options
    padding = options.choice("padding", "valid", "valid", "same")
    size = options.per_axis("pool_size", call.axes)
    strides = options.per_axis("strides", call.axes, size)
    image = call.image()
    lengths = image.shape[1:-1]
    ones = (1,) * call.axes
    attributes = same_padding(lengths, size, strides, ones) if padding == "same" else {}
    sizes = (
        window_size(length, window, stride, 1, padding)
        for length, window, stride in zip(lengths, size, strides, strict=True)
    )
    pooled = graph.apply(
        _operator(call, _WINDOWS),
        graph.channels_first(image),
        kernel_shape=size,
        strides=strides,
        **attributes,
    )
    return LayerResult(replace(pooled, shape=(None, *sizes, image.shape[-1])))


def translate_global_pooling(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate GlobalMaxPooling and GlobalAveragePooling, in either layout."""
    image = call.image()
    mask = call.mask_of(image)
    if mask is not None and call.options.layer_class == "GlobalAveragePooling1D":
        return _average_of_kept_steps(call, mask, graph)
    keep = call.options.flag("keepdims", False)
    axes = [image.stored_axis(axis) for axis in range(1, image.rank - 1)]
    name = reduced(_operator(call, _REDUCTIONS), image.name, axes, graph, keepdims=keep)
    if keep:
        shape = (None, *(1,) * call.axes, image.shape[-1])
        return LayerResult(replace(image, name=name, shape=shape))
    return LayerResult(Tensor(name, (None, image.shape[-1])))


def translate_adaptive_pooling(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate AdaptiveAveragePooling and AdaptiveMaxPooling: axis by axis, part by part.

    Part i of n of an axis goes from floor(i * length / n) up to ceil((i + 1) * length / n).
    """
    image = call.image()
    operator = _operator(call, _REDUCTIONS)
    parts = call.options.per_axis("output_size", call.axes)
    name = image.name
    for axis, (count, length) in enumerate(zip(parts, image.shape[1:-1], strict=True), 1):
        if length is None:
            raise call.options.unsupported(f"divides an axis of unknown size of {image.shape}")
        call.options.require_small(count, "parts of an axis")
        stored = image.stored_axis(axis)
        pooled = []
        for i in range(count):
            bounds = (i * length // count, -(-(i + 1) * length // count), stored)
            roles = zip(("starts", "ends", "axes"), bounds, strict=True)
            part = graph.operator("Slice", [name, *(graph.integers(x, [y]) for x, y in roles)])
            pooled.append(reduced(operator, part, [stored], graph, keepdims=True))
        name = graph.operator("Concat", pooled, axis=stored)
    return LayerResult(replace(image, name=name, shape=(None, *parts, image.shape[-1])))


def _operator(call: LayerCall, operators: Mapping[str, str]) -> str:
    return operators[call.options.layer_class[: -len("1D")]]


def _average_of_kept_steps(call: LayerCall, mask: Tensor, graph: GraphBuilder) -> LayerResult:
    """Return the average over the steps whose Keras mask is true."""
    sequence = graph.channels_last(call.image())
    keep = call.options.flag("keepdims", False)
    kept = graph.operator("Cast", [mask.name], to=graph.float_element)
    weights = graph.operator("Unsqueeze", [kept, graph.integers("axes", [-1])])
    weighted = graph.operator("Mul", [sequence.name, weights])
    total = reduced("ReduceSum", weighted, [1], graph, keepdims=keep)
    count = reduced("ReduceSum", weights, [1], graph, keepdims=keep)
    name = graph.operator("Div", [total, count])
    shape = (None, 1, sequence.shape[-1]) if keep else (None, sequence.shape[-1])
    return LayerResult(Tensor(name, shape), masks=(None,))


_POOLING = LayerKind(
    translate=translate_pooling,
    options=layer_options("pool_size", "strides", "padding", "data_format"),
)
_GLOBAL_POOLING = LayerKind(
    translate=translate_global_pooling, options=layer_options("data_format", "keepdims")
)
_ADAPTIVE_POOLING = LayerKind(
    translate=translate_adaptive_pooling, options=layer_options("output_size", "data_format")
)

LAYERS: Mapping[str, LayerKind] = {
    **over_axes("AdaptiveAveragePooling{}", _ADAPTIVE_POOLING),
    **over_axes("AdaptiveMaxPooling{}", _ADAPTIVE_POOLING),
    **over_axes("AveragePooling{}", _POOLING),
    **over_axes("GlobalAveragePooling{}", _GLOBAL_POOLING),
    **over_axes("GlobalMaxPooling{}", _GLOBAL_POOLING),
    **over_axes("MaxPooling{}", _POOLING),
}
"""The layers of this module, by class."""
