"""Translates Embedding and Masking, the layers that make Keras masks."""

from collections.abc import Mapping
from dataclasses import replace

from onnx import TensorProto

from onnxfi.converters.options.known import KNOWN_SHAPE, layer_options
from onnxfi.converters.translation.graph_builder import GraphBuilder
from onnxfi.converters.translation.layer_call import LayerCall, LayerResult, Options, WeightRole
from onnxfi.converters.translation.layer_kind import InputCast, LayerKind
from onnxfi.converters.translation.sequences import any_true
from onnxfi.converters.translation.tensor import Tensor


def embedding_weights(_options: Options) -> tuple[WeightRole, ...]:
    """Return the weights of Embedding: one row for each number."""
    return (WeightRole("embeddings"),)


def translate_embedding(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate Embedding: the row of each number; with mask_zero, 0 is false in the Keras mask."""
    options = call.options
    size = options.size("output_dim")
    rows = call.weight("embeddings", (options.size("input_dim"), size))
    numbers = graph.channels_last(call.input)
    whole = numbers.name
    if numbers.dtype not in ("int32", "int64"):
        whole = graph.operator("Cast", [whole], to=TensorProto.INT32)
    table = graph.weight(call.weights_path, "embeddings", rows)
    tensor = Tensor(graph.operator("Gather", [table, whole], axis=0), (*numbers.shape, size))
    mask = None
    if options.flag("mask_zero", False):
        zero = graph.constant("zero", 0, numbers.dtype)
        name = graph.operator("Not", [graph.operator("Equal", [numbers.name, zero])])
        mask = replace(numbers, name=name, dtype="bool")
    return LayerResult(tensor, masks=(mask,))


def translate_masking(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate Masking: steps whose features all equal one value become zero.

    The Keras mask of the output is false at these steps.
    """
    tensor = graph.channels_last(call.input)
    value = graph.numbers("mask_value", call.options.number("mask_value", 0.0) or 0.0)
    differs = graph.operator("Not", [graph.operator("Equal", [tensor.name, value])])
    kept = any_true(differs, -1, graph, keepdims=True)
    if call.options.keras_major == 2:
        factor = graph.operator("Cast", [kept], to=graph.float_element)
        name = graph.operator("Mul", [tensor.name, factor])
    else:
        name = graph.operator("Where", [kept, tensor.name, graph.numbers("zero", 0)])
    mask = graph.operator("Squeeze", [kept, graph.integers("axes", [-1])])
    return LayerResult(
        replace(tensor, name=name), masks=(Tensor(mask, tensor.shape[:-1], dtype="bool"),)
    )


LAYERS: Mapping[str, LayerKind] = {
    "Embedding": LayerKind(
        translate=translate_embedding,
        options=layer_options(
            "input_dim", "output_dim", "mask_zero", idle={"input_length": KNOWN_SHAPE}
        ),
        weights=embedding_weights,
        any_type=True,
        cast=InputCast.NONE,
    ),
    "Masking": LayerKind(translate=translate_masking, options=layer_options("mask_value")),
}
"""The layers of this module, by class."""
