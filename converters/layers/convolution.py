"""Convolutions: Conv2D, DepthwiseConv2D and Conv2DTranspose.

Kernels are turned from (rows, columns, …) to the order of ONNX, (…, rows, columns).
"""

import numpy as np

from onnxfi.converters.graph_builder import GraphBuilder, Tensor
from onnxfi.converters.layer_call import LayerCall, LayerResult, Options, WeightRole
from onnxfi.converters.layers.activation import activate
from onnxfi.converters.padding import same_padding, window_size


def kernel_and_bias(options: Options) -> tuple[WeightRole, ...]:
    """Weights of a layer with a kernel, and a bias unless ``use_bias`` is false."""
    kernel = WeightRole("kernel")
    return (kernel, WeightRole("bias")) if options.flag("use_bias", True) else (kernel,)


def translate_convolution(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate Conv2D, with groups, dilation, stride and either padding."""
    options = call.options
    options.require_channels_last()
    size = options.pair("kernel_size")
    filters = options.size("filters")
    groups = options.size("groups", 1)
    kernel = call.weight("kernel", (*size, call.channels() // groups, filters))
    parameters = _parameters(call, graph, np.transpose(kernel, (3, 2, 0, 1)), filters)
    return _convolve(call, graph, parameters, size, filters, groups)


def translate_depthwise_convolution(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate DepthwiseConv2D: as many groups as channels, `depth_multiplier` filters in each."""
    options = call.options
    options.require_channels_last()
    size = options.pair("kernel_size")
    channels = call.channels()
    filters = channels * options.size("depth_multiplier", 1)
    kernel = call.weight("kernel", (*size, channels, filters // channels))
    by_filter = np.transpose(kernel, (2, 3, 0, 1)).reshape(filters, 1, *size)
    parameters = _parameters(call, graph, by_filter, filters)
    return _convolve(call, graph, parameters, size, filters, channels)


def _convolve(
    call: LayerCall,
    graph: GraphBuilder,
    parameters: list[str],
    size: tuple[int, int],
    filters: int,
    groups: int,
) -> LayerResult:
    options = call.options
    padding = options.choice("padding", "valid", "valid", "same")
    strides = options.pair("strides", 1)
    dilation = options.pair("dilation_rate", 1)

    rows_columns = call.image().shape[1:3]
    attributes = same_padding(rows_columns, size, strides, dilation) if padding == "same" else {}
    image = graph.channels_first(call.image())
    name = graph.operator(
        "Conv",
        [image.name, *parameters],
        kernel_shape=size,
        strides=strides,
        dilations=dilation,
        group=groups,
        **attributes,
    )
    rows, columns = (
        window_size(length, window, stride, rate, padding)
        for length, window, stride, rate in zip(rows_columns, size, strides, dilation, strict=True)
    )
    result = Tensor(name, (None, rows, columns, filters), channels_first=True)
    return activate(options, result, graph)


def translate_transposed_convolution(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate Conv2DTranspose, with output_padding, dilation, stride and either padding."""
    options = call.options
    options.require_channels_last()
    padding = options.choice("padding", "valid", "valid", "same")
    strides = options.pair("strides", 1)
    dilation = options.pair("dilation_rate", 1)
    size = options.pair("kernel_size")
    filters = options.size("filters")
    if options.integer("groups", 1) != 1:
        raise options.unsupported(f"has {options.integer('groups')} groups")
    given = (
        None
        if options.get("output_padding") is None
        else options.pair("output_padding", smallest=0)
    )
    kernel = call.weight("kernel", (*size, filters, call.channels()))

    # Per axis: how much of the full output is cut off, or (negative) how much is added at its end.
    cuts = []
    for axis, (kernel_size, stride, rate) in enumerate(zip(size, strides, dilation, strict=True)):
        reach = (kernel_size - 1) * rate + 1
        extra = None if given is None else given[axis]
        if padding == "same":
            cuts.append(reach - stride if extra is None else reach // 2 * 2 - extra)
        else:
            cuts.append(min(reach - stride, 0) if extra is None else -extra)
    before = [max(cut, 0) // 2 for cut in cuts]
    after = [max(cut, 0) - start for cut, start in zip(cuts, before, strict=True)]

    image = graph.channels_first(call.image())
    name = graph.operator(
        "ConvTranspose",
        [image.name, *_parameters(call, graph, np.transpose(kernel, (3, 2, 0, 1)), filters)],
        kernel_shape=size,
        strides=strides,
        dilations=dilation,
        pads=[*before, *after],
        output_padding=[max(-cut, 0) for cut in cuts],
    )
    rows, columns = (
        None if length is None else (length - 1) * stride + (kernel_size - 1) * rate + 1 - cut
        for length, kernel_size, stride, rate, cut in zip(
            call.image().shape[1:3], size, strides, dilation, cuts, strict=True
        )
    )
    result = Tensor(name, (None, rows, columns, filters), channels_first=True)
    return activate(options, result, graph)


def _parameters(
    call: LayerCall,
    graph: GraphBuilder,
    kernel: np.ndarray[tuple[int, ...], np.dtype[np.float32]],
    filters: int,
) -> list[str]:
    path = call.weights_path
    names = [graph.weight(path, "kernel", kernel)]
    if "bias" in call.weights:
        names.append(graph.weight(path, "bias", call.weight("bias", (filters,))))
    return names
