"""The operations of Keras 3 that compute masks.

A functional model of Keras 3 lists what Embedding, Masking and the merging layers do to masks as
layers of its own, called on constants too: ``not_equal(tokens, 0)``.
"""

from dataclasses import replace

import numpy as np
from onnx import numpy_helper

from onnxfi.converters.graph_builder import GraphBuilder, Tensor
from onnxfi.converters.layer_call import LayerCall, LayerResult
from onnxfi.converters.sequences import any_true

_LOGIC = {"LogicalAnd": "And", "LogicalOr": "Or"}


def translate_not_equal(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate NotEqual of a tensor and a number."""
    match call.arguments:
        case (Tensor() as tensor, int() | float() as number):
            value = graph.constant("number", number, tensor.dtype)
        case _:
            raise call.options.unsupported("compares other things than a tensor and a number")
    equal = graph.apply("Equal", tensor, value)
    return _truth(graph.apply("Not", equal))


def translate_any(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate Any over the last axis."""
    tensor = call.input
    if call.options.integer("axis", 0) not in (-1, tensor.rank - 1) or tensor.dtype != "bool":
        raise call.options.unsupported("joins other values than those along the last axis")
    keepdims = call.options.flag("keepdims", False)
    tensor = graph.channels_last(tensor)
    name = any_true(tensor.name, -1, graph, keepdims=keepdims)
    shape = (*tensor.shape[:-1], 1) if keepdims else tensor.shape[:-1]
    return _truth(Tensor(name, shape))


def translate_logic(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate LogicalAnd and LogicalOr of two masks."""
    if len(call.inputs) != 2 or any(tensor.dtype != "bool" for tensor in call.inputs):
        raise call.options.unsupported("joins other things than two masks")
    first, second = (graph.channels_last(tensor) for tensor in call.inputs)
    if first.rank != second.rank:
        raise call.options.unsupported("joins masks of different ranks")
    joined = graph.apply(_LOGIC[call.options.layer_class], first, second.name)
    sizes = zip(first.shape, second.shape, strict=True)
    shape = tuple(b if a == 1 or a is None else a for a, b in sizes)
    return _truth(replace(joined, shape=shape))


def translate_expand_dims(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate ExpandDims: one more axis, at the end."""
    if call.options.integer("axis", 0) not in (-1, call.input.rank):
        raise call.options.unsupported("adds an axis elsewhere than at the end")
    tensor = graph.channels_last(call.input)
    added = graph.apply("Unsqueeze", tensor, graph.integers("axes", [-1]))
    return LayerResult(replace(added, shape=(*tensor.shape, 1)))


def translate_constant_like(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate ZerosLike and OnesLike of type bool."""
    if call.options.get("dtype") != "bool":
        raise call.options.unsupported("makes other values than truth values")
    tensor = graph.channels_last(call.input)
    value = np.array([call.options.layer_class == "OnesLike"])
    shape = graph.operator("Shape", [tensor.name])
    filled = graph.operator("ConstantOfShape", [shape], value=numpy_helper.from_array(value))
    return _truth(replace(tensor, name=filled))


def translate_convert_to_tensor(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate ConvertToTensor, which does nothing to a tensor."""
    if call.options.get("dtype") not in (None, call.input.dtype):
        raise call.options.unsupported(f"converts to {call.options.get('dtype')}")
    return LayerResult(graph.apply("Identity", call.input))


def _truth(tensor: Tensor) -> LayerResult:
    return LayerResult(replace(tensor, dtype="bool", channels=None))
