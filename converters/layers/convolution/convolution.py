"""Translates plain, depthwise and separable convolutions over one, two or three axes.

Kernels are transposed from (rows, columns, …) to the order of ONNX, (…, rows, columns).
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from onnxfi.converters.layers.activation import activate
from onnxfi.converters.options.known import layer_options
from onnxfi.converters.translation.graph_builder import GraphBuilder
from onnxfi.converters.translation.layer_call import LayerCall, LayerResult, Options, WeightRole
from onnxfi.converters.translation.layer_kind import LayerKind, over_axes
from onnxfi.converters.translation.padding import causal_padding, same_padding, window_size
from onnxfi.converters.translation.tensor import Tensor
from onnxfi.converters.translation.weight_roles import bias, kernel_and_bias

_CAUSAL = ("Conv1D", "SeparableConv1D")


def separable_weights(options: Options) -> tuple[WeightRole, ...]:
    """Return the weights of SeparableConv: two kernels, and a bias unless ``use_bias`` is false."""
    return (WeightRole("depthwise_kernel"), WeightRole("pointwise_kernel"), *bias(options))


def translate_convolution(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate Conv1D, Conv2D and Conv3D, with groups, dilation, stride and any padding."""
    size = call.options.per_axis("kernel_size", call.axes)
    filters = call.options.size("filters")
    groups = call.options.size("groups", 1)
    stored = call.weight("kernel", (*size, call.channels() // groups, filters))
    kernel = graph.weight(call.weights_path, "kernel", filters_first(stored))
    parameters = [kernel, *bias_names(call, graph, filters)]
    result = _convolve(call, graph, parameters, size, filters, groups)
    return activate(call.options, result, graph)


def translate_depthwise_convolution(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate DepthwiseConv1D and 2D: `depth_multiplier` filters for each channel alone."""
    size = call.options.per_axis("kernel_size", call.axes)
    kernel, filters = _depthwise_kernel(call, "kernel", size)
    parameters = [
        graph.weight(call.weights_path, "kernel", kernel),
        *bias_names(call, graph, filters),
    ]
    result = _convolve(call, graph, parameters, size, filters, call.channels())
    return activate(call.options, result, graph)


def translate_separable_convolution(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate SeparableConv1D and 2D: a depthwise convolution, then one of size 1."""
    size = call.options.per_axis("kernel_size", call.axes)
    depthwise, channels = _depthwise_kernel(call, "depthwise_kernel", size)
    name = graph.weight(call.weights_path, "depthwise_kernel", depthwise)
    each = _convolve(call, graph, [name], size, channels, call.channels())
    filters = call.options.size("filters")
    ones = (1,) * call.axes
    pointwise = filters_first(call.weight("pointwise_kernel", (*ones, channels, filters)))
    kernel = graph.weight(call.weights_path, "pointwise_kernel", pointwise)
    parameters = [kernel, *bias_names(call, graph, filters)]
    joined = graph.operator("Conv", [each.name, *parameters], kernel_shape=ones)
    result = Tensor(joined, (*each.shape[:-1], filters), channels_first=True)
    return activate(call.options, result, graph)


def filters_first(kernel: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return a kernel (rows, columns, a, b) as (b, a, rows, columns), with any number of axes."""
    last = kernel.ndim - 1
    return np.transpose(kernel, (last, last - 1, *range(last - 1)))


def bias_names(call: LayerCall, graph: GraphBuilder, filters: int) -> list[str]:
    """Return the name of the layer's bias in a list, which is empty without a bias."""
    if "bias" not in call.weights:
        return []
    return [graph.weight(call.weights_path, "bias", call.weight("bias", (filters,)))]


def _depthwise_kernel(
    call: LayerCall, role: str, size: tuple[int, ...]
) -> tuple[NDArray[np.float32], int]:
    """Return a depthwise kernel in the order of ONNX, and its number of filters."""
    channels = call.channels()
    multiplier = call.options.size("depth_multiplier", 1)
    filters = channels * multiplier
    stored = np.moveaxis(call.weight(role, (*size, channels, multiplier)), (-2, -1), (0, 1))
    return stored.reshape(filters, 1, *size), filters


def _convolve(
    call: LayerCall,
    graph: GraphBuilder,
    parameters: Sequence[str],
    size: tuple[int, ...],
    filters: int,
    groups: int,
) -> Tensor:
    options = call.options
    causal = ("causal",) if options.layer_class in _CAUSAL else ()
    padding = options.choice("padding", "valid", "valid", "same", *causal)
    strides = options.per_axis("strides", call.axes, 1)
    dilation = options.per_axis("dilation_rate", call.axes, 1)
    lengths = call.image().shape[1:-1]
    attributes = {}
    if padding == "same":
        attributes = same_padding(lengths, size, strides, dilation)
    elif padding == "causal":
        attributes = causal_padding(size, dilation)
    name = graph.operator(
        "Conv",
        [graph.channels_first(call.image()).name, *parameters],
        kernel_shape=size,
        strides=strides,
        dilations=dilation,
        group=groups,
        **attributes,
    )
    sizes = (
        window_size(length, window, stride, rate, padding)
        for length, window, stride, rate in zip(lengths, size, strides, dilation, strict=True)
    )
    return Tensor(name, (None, *sizes, filters), channels_first=True)


WINDOW_OPTIONS = ("kernel_size", "strides", "padding", "data_format", "dilation_rate")
"""Options of every layer that moves a kernel over an image."""

CONVOLUTION_OPTIONS = (*WINDOW_OPTIONS, "filters", "groups", "activation", "use_bias")
"""Options of a convolution with groups."""

_DEPTHWISE_OPTIONS = (*WINDOW_OPTIONS, "depth_multiplier", "activation", "use_bias")
# Keras 2 writes this option into depthwise layers, too, but does not read it.
_ONE_GROUP = {"groups": 1}

LAYERS: Mapping[str, LayerKind] = {
    **over_axes(
        "Conv{}",
        LayerKind(
            translate=translate_convolution,
            options=layer_options(*CONVOLUTION_OPTIONS),
            weights=kernel_and_bias,
        ),
    ),
    **over_axes(
        "DepthwiseConv{}",
        LayerKind(
            translate=translate_depthwise_convolution,
            options=layer_options(*_DEPTHWISE_OPTIONS, fixed=_ONE_GROUP),
            weights=kernel_and_bias,
        ),
        axes=(1, 2),
    ),
    **over_axes(
        "SeparableConv{}",
        LayerKind(
            translate=translate_separable_convolution,
            options=layer_options(*_DEPTHWISE_OPTIONS, "filters", fixed=_ONE_GROUP),
            weights=separable_weights,
        ),
        axes=(1, 2),
    ),
}
"""The layers of this module, by class."""
