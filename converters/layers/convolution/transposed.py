"""Translates transposed convolutions over one, two or three axes."""

from collections.abc import Mapping

from onnxfi.converters.layers.activation import activate
from onnxfi.converters.layers.convolution.convolution import (
    CONVOLUTION_OPTIONS,
    bias_names,
    filters_first,
)
from onnxfi.converters.options.known import layer_options
from onnxfi.converters.translation.graph_builder import GraphBuilder
from onnxfi.converters.translation.layer_call import LayerCall, LayerResult
from onnxfi.converters.translation.layer_kind import LayerKind, over_axes
from onnxfi.converters.translation.tensor import Tensor
from onnxfi.converters.translation.weight_roles import kernel_and_bias


def translate_transposed_convolution(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate Conv1DTranspose, 2D and 3D, with output_padding, dilation and stride."""
    options = call.options
    size = options.per_axis("kernel_size", call.axes)
    strides = options.per_axis("strides", call.axes, 1)
    dilation = options.per_axis("dilation_rate", call.axes, 1)
    filters = options.size("filters")
    if options.integer("groups", 1) != 1:
        raise options.unsupported(f"has {options.integer('groups')} groups")
    cuts = _cuts(call, size, strides, dilation)
    before = [max(cut, 0) // 2 for cut in cuts]
    after = [max(cut, 0) - start for cut, start in zip(cuts, before, strict=True)]
    kernel = filters_first(call.weight("kernel", (*size, filters, call.channels())))
    parameters = [
        graph.weight(call.weights_path, "kernel", kernel),
        *bias_names(call, graph, filters),
    ]
    name = graph.operator(
        "ConvTranspose",
        [graph.channels_first(call.image()).name, *parameters],
        kernel_shape=size,
        strides=strides,
        dilations=dilation,
        pads=[*before, *after],
        output_padding=[max(-cut, 0) for cut in cuts],
    )
    lengths = (
        None if length is None else (length - 1) * stride + (kernel_size - 1) * rate + 1 - cut
        for length, kernel_size, stride, rate, cut in zip(
            call.image().shape[1:-1], size, strides, dilation, cuts, strict=True
        )
    )
    result = Tensor(name, (None, *lengths, filters), channels_first=True)
    return activate(options, result, graph)


def _cuts(
    call: LayerCall, size: tuple[int, ...], strides: tuple[int, ...], dilation: tuple[int, ...]
) -> list[int]:
    """Return the elements cut off each axis of the full output; negative ones are added."""
    padding = call.options.choice("padding", "valid", "valid", "same")
    given: tuple[int | None, ...] = (None,) * call.axes
    if call.options.get("output_padding") is not None:
        given = call.options.per_axis("output_padding", call.axes, smallest=0)
    cuts = []
    for kernel_size, stride, rate, extra in zip(size, strides, dilation, given, strict=True):
        reach = (kernel_size - 1) * rate + 1
        if padding == "same":
            cuts.append(reach - stride if extra is None else reach // 2 * 2 - extra)
        else:
            cuts.append(min(reach - stride, 0) if extra is None else -extra)
    return cuts


LAYERS: Mapping[str, LayerKind] = over_axes(
    "Conv{}Transpose",
    LayerKind(
        translate=translate_transposed_convolution,
        options=layer_options(*CONVOLUTION_OPTIONS, "output_padding"),
        weights=kernel_and_bias,
    ),
)
"""The layers of this module, by class."""
