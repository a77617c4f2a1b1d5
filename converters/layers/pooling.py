"""Poolings over windows and over whole images."""

from dataclasses import replace

from onnxfi.converters.graph_builder import GraphBuilder, Tensor
from onnxfi.converters.layer_call import LayerCall, LayerResult
from onnxfi.converters.padding import same_padding, window_size

_WINDOW_OPERATORS = {"MaxPooling2D": "MaxPool", "AveragePooling2D": "AveragePool"}
_GLOBAL_OPERATORS = {
    "GlobalMaxPooling2D": "ReduceMax",
    "GlobalAveragePooling2D": "ReduceMean",
}
# Since when the axes of a Reduce operator are an input instead of an attribute.
_AXES_AS_INPUT = 18


def translate_pooling(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate MaxPooling2D and AveragePooling2D; an average leaves the padding out."""
    options = call.options
    options.require_channels_last()
    padding = options.choice("padding", "valid", "valid", "same")
    size = options.pair("pool_size")
    strides = options.pair("strides", size)
    image = call.image()
    lengths = image.shape[1:3]
    attributes = same_padding(lengths, size, strides, (1, 1)) if padding == "same" else {}
    rows, columns = (
        window_size(length, window, stride, 1, padding)
        for length, window, stride in zip(lengths, size, strides, strict=True)
    )
    pooled = graph.apply(
        _WINDOW_OPERATORS[options.layer_class],
        graph.channels_first(image),
        kernel_shape=size,
        strides=strides,
        **attributes,
    )
    return LayerResult(replace(pooled, shape=(None, rows, columns, image.shape[3])))


def translate_global_pooling(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate GlobalMaxPooling2D and GlobalAveragePooling2D, in either layout."""
    options = call.options
    options.require_channels_last()
    image = call.image()
    keep = options.flag("keepdims", False)
    axes = [image.stored_axis(1), image.stored_axis(2)]
    operator = _GLOBAL_OPERATORS[options.layer_class]
    # ReduceMean and ReduceMax changed at the same version.
    if graph.opset >= _AXES_AS_INPUT:
        inputs = [image.name, graph.integers("axes", axes)]
        name = graph.operator(operator, inputs, keepdims=int(keep))
    else:
        name = graph.operator(operator, [image.name], keepdims=int(keep), axes=axes)
    if keep:
        return LayerResult(Tensor(name, (None, 1, 1, image.shape[3]), image.channels_first))
    return LayerResult(Tensor(name, (None, image.shape[3])))
