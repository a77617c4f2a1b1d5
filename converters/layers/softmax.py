"""Translates Softmax as a layer, which heeds a Keras mask."""

from collections.abc import Mapping
from dataclasses import replace

from onnxfi.converters.layers.activation import SOFTMAX_OPTIONS, translate_activation_layer
from onnxfi.converters.translation.graph_builder import GraphBuilder
from onnxfi.converters.translation.layer_call import LayerCall, LayerResult
from onnxfi.converters.translation.layer_kind import LayerKind, MaskRule

_LEFT_OUT = -1e9  # the number that Keras adds to, or puts in place of, a left-out value


def translate_softmax(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate Softmax; a Keras mask must have the rank of the tensor.

    Keras 2 adds a large negative number to left-out values. Keras 3 replaces them by that number,
    and their results by zero.
    """
    mask = call.mask_of(call.input)
    if mask is None:
        return translate_activation_layer(call, graph)
    if mask.rank != call.input.rank or call.options.get("robust_masking"):
        raise call.options.unsupported(f"gets a mask of the shape {mask.shape}")
    tensor = graph.channels_last(call.input)
    zero, large = graph.numbers("zero", 0), graph.numbers("masked", _LEFT_OUT)
    if call.options.keras_major == 2:
        added = graph.operator("Where", [mask.name, zero, large])
        lowered = graph.apply("Add", tensor, added)
        return translate_activation_layer(replace(call, arguments=(lowered,)), graph)
    kept = replace(tensor, name=graph.operator("Where", [mask.name, tensor.name, large]))
    result = translate_activation_layer(replace(call, arguments=(kept,)), graph).tensor
    name = graph.operator("Where", [mask.name, result.name, zero])
    return LayerResult(replace(result, name=name))


LAYERS: Mapping[str, LayerKind] = {
    "Softmax": LayerKind(
        translate=translate_softmax, options=SOFTMAX_OPTIONS, mask=MaskRule.PASSED
    ),
}
"""The layers of this module, by class."""
