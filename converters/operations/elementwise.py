"""Translates element-wise operations, with the broadcasting of NumPy."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from onnx import numpy_helper

from onnxfi.converters.layers.activation_functions import FUNCTIONS, OPERATORS, gelu, softmax
from onnxfi.converters.translation.graph_builder import GraphBuilder
from onnxfi.converters.translation.layer_call import LayerCall, LayerResult
from onnxfi.converters.translation.layer_kind import LayerKind, operation
from onnxfi.converters.translation.operands import (
    FLOATS,
    aligned,
    as_operand,
    broadcast,
    cast,
    of_one_type,
)
from onnxfi.converters.translation.operands import operands as operands_of
from onnxfi.converters.translation.tensor import Tensor

_UNARY: Mapping[str, str] = {
    "Absolute": "Abs",
    "Arccos": "Acos",
    "Arccosh": "Acosh",
    "Arcsin": "Asin",
    "Arcsinh": "Asinh",
    "Arctan": "Atan",
    "Arctanh": "Atanh",
    "Ceil": "Ceil",
    "Cos": "Cos",
    "Cosh": "Cosh",
    "Erf": "Erf",
    "Exp": "Exp",
    "Floor": "Floor",
    "Isinf": "IsInf",
    "Isnan": "IsNaN",
    "Log": "Log",
    "LogicalNot": "Not",
    "Negative": "Neg",
    "Reciprocal": "Reciprocal",
    "Round": "Round",
    "Sign": "Sign",
    "Sin": "Sin",
    "Sinh": "Sinh",
    "Sqrt": "Sqrt",
    "Tan": "Tan",
}
_BINARY: Mapping[str, str] = {
    "Add": "Add",
    "Divide": "Div",
    "Equal": "Equal",
    "Greater": "Greater",
    "GreaterEqual": "GreaterOrEqual",
    "Less": "Less",
    "LessEqual": "LessOrEqual",
    "LogicalAnd": "And",
    "LogicalOr": "Or",
    "LogicalXor": "Xor",
    "Maximum": "Max",
    "Minimum": "Min",
    "Multiply": "Mul",
    "NotEqual": "Equal",
    "Power": "Pow",
    "SquaredDifference": "Sub",
    "Subtract": "Sub",
    "TrueDivide": "Div",
}
_TRUTH = {
    *("Equal", "Greater", "GreaterEqual", "Isinf", "Isnan", "Less", "LessEqual", "LogicalAnd"),
    *("LogicalNot", "LogicalOr", "LogicalXor", "NotEqual"),
}
_OF_FLOATS = {"Divide", "TrueDivide", "Power"}

# Operations that are activations; their options must have these defaults.
_ACTIVATIONS: Mapping[str, tuple[str, Mapping[str, float]]] = {
    "Celu": ("celu", {"alpha": 1.0}),
    "Elu": ("elu", {"alpha": 1.0}),
    "Glu": ("glu", {"axis": -1}),
    "HardShrink": ("hard_shrink", {"threshold": 0.5}),
    "HardSigmoid": ("hard_sigmoid", {}),
    "HardSilu": ("hard_silu", {}),
    "HardTanh": ("hard_tanh", {}),
    "LogSigmoid": ("log_sigmoid", {}),
    "Relu": ("relu", {}),
    "Relu6": ("relu6", {}),
    "Selu": ("selu", {}),
    "Sigmoid": ("sigmoid", {}),
    "Silu": ("silu", {}),
    "SoftShrink": ("soft_shrink", {"threshold": 0.5}),
    "Softplus": ("softplus", {}),
    "Softsign": ("softsign", {}),
    "SparsePlus": ("sparse_plus", {}),
    "SparseSigmoid": ("sparse_sigmoid", {}),
    "Sparsemax": ("sparsemax", {"axis": -1}),
    "Squareplus": ("squareplus", {"b": 4}),
    "Tanh": ("tanh", {}),
    "TanhShrink": ("tanh_shrink", {}),
}


def translate_unary(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate a unary operation that is one operator of ONNX."""
    kind = _kind(call)
    return LayerResult(_typed(graph.apply(_UNARY[kind], call.input), kind))


def translate_square(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate Square: x * x."""
    return LayerResult(graph.apply("Mul", call.input, call.input.name))


def translate_rsqrt(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate Rsqrt: 1 / sqrt(x)."""
    return LayerResult(graph.apply("Reciprocal", graph.apply("Sqrt", call.input)))


def translate_pass(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate operations that return what they get."""
    return LayerResult(graph.apply("Identity", call.input))


def translate_binary(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate an operation on the elements of two tensors, or of a tensor and constants."""
    kind = _kind(call)
    pair = of_one_type(call, operands_of(call, 2), graph)
    if kind in _OF_FLOATS and not {str(x.dtype) for x in pair} <= set(FLOATS):
        raise call.options.unsupported("computes with whole numbers")
    tensors = aligned(pair, graph)
    name = graph.operator(_BINARY[kind], [tensor.name for tensor in tensors])
    if kind == "NotEqual":
        name = graph.operator("Not", [name])
    elif kind == "SquaredDifference":
        name = graph.operator("Mul", [name, name])
    return LayerResult(_typed(replace(broadcast(tensors), name=name), kind))


def translate_where(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate Where: values of one operand where a condition is true, of the other elsewhere."""
    condition, *values = operands_of(call, 3)
    if not isinstance(condition, Tensor) or condition.dtype != "bool":
        raise call.options.unsupported("has a condition that is no tensor of type bool")
    first, second = of_one_type(call, values, graph)
    tensors = aligned([condition, first, second], graph)
    name = graph.operator("Where", [tensor.name for tensor in tensors])
    result = replace(broadcast(tensors), name=name, dtype=tensors[1].dtype, channels=-1)
    return LayerResult(result)


def translate_clip(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate Clip between two numbers; either may be missing."""
    result, bounds = call.arguments[0], []
    given = [call.options.get(key) for key in ("x_min", "x_max")]
    if any(isinstance(bound, Tensor | list) for bound in given):
        for bound, operator in zip(given, ("Max", "Min"), strict=True):
            if bound is not None:
                pair = of_one_type(call, [result, as_operand(call, bound)], graph)
                tensors = aligned(pair, graph)
                name = graph.operator(operator, [tensor.name for tensor in tensors])
                result = replace(broadcast(tensors), name=name)
        return LayerResult(result)
    for key in ("x_min", "x_max"):
        number = call.options.number(key)
        bounds.append("" if number is None else graph.constant(key, number, result.dtype))
    return LayerResult(graph.apply("Clip", result, *bounds))


def translate_cast(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate Cast."""
    dtype = call.options.get("dtype")
    if dtype not in ("bool", "int32", "int64", *FLOATS):
        raise call.options.unsupported(f"converts to {dtype!r}")
    if call.input.dtype == dtype:
        return translate_pass(call, graph)
    return LayerResult(cast(call.input, dtype, graph))


def translate_activation_operation(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate an operation that is an activation of Keras."""
    activation, defaults = _ACTIVATIONS[_kind(call)]
    for key, default in defaults.items():
        if call.options.number(key, default) != default:
            raise call.options.unsupported(f"has {key}={call.options.get(key)}, not {default}")
    if activation in OPERATORS:
        return LayerResult(graph.apply(OPERATORS[activation], call.input))
    return LayerResult(FUNCTIONS[activation](call.options, call.input, graph))


def translate_leaky_relu(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate LeakyRelu."""
    slope = call.options.number("negative_slope", 0.2)
    return LayerResult(graph.apply("LeakyRelu", call.input, alpha=slope))


def translate_gelu(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate Gelu, exact or approximate."""
    approximate = call.options.flag("approximate", call.options.keras_major == 3)
    return LayerResult(gelu(call.input, graph, approximate=approximate))


def translate_softmax_operation(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate Softmax and LogSoftmax along one axis."""
    tensor, axis = call.input, call.options.integer("axis", -1)
    if not -tensor.rank <= axis < tensor.rank:
        raise call.options.wrong("axis", axis, f"an axis of the shape {tensor.shape}")
    if _kind(call) == "Softmax":
        return LayerResult(softmax(tensor, axis, graph))
    return LayerResult(graph.apply("LogSoftmax", tensor, axis=tensor.stored_axis(axis)))


def translate_filled_like(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate ZerosLike and OnesLike."""
    tensor = call.input
    dtype = call.options.get("dtype", tensor.dtype)
    if dtype not in ("bool", "int32", "int64", *FLOATS):
        raise call.options.unsupported(f"makes values of the type {dtype!r}")
    value = np.array([_kind(call) == "OnesLike"], dtype)
    shape = graph.operator("Shape", [tensor.name])
    filled = graph.operator("ConstantOfShape", [shape], value=numpy_helper.from_array(value))
    return LayerResult(_typed(replace(tensor, name=filled, dtype=dtype), ""))


def _kind(call: LayerCall) -> str:
    return call.options.layer_class.removeprefix("ops.")


def _typed(tensor: Tensor, kind: str) -> Tensor:
    """Return the result of an operation; truth values have no channels."""
    if kind in _TRUTH or tensor.dtype == "bool":
        return replace(tensor, dtype="bool", channels=None)
    return tensor


OPERATIONS: Mapping[str, LayerKind] = {
    **dict.fromkeys(_UNARY, operation(translate_unary)),
    **dict.fromkeys(_BINARY, operation(translate_binary)),
    **{
        name: operation(translate_activation_operation, *options)
        for name, (_, options) in _ACTIVATIONS.items()
    },
    "Cast": operation(translate_cast, "dtype"),
    "Clip": operation(translate_clip, "x_min", "x_max"),
    "ConvertToTensor": operation(translate_cast, "dtype"),
    "Copy": operation(translate_pass),
    "Gelu": operation(translate_gelu, "approximate"),
    "LeakyRelu": operation(translate_leaky_relu, "negative_slope"),
    "LogSoftmax": operation(translate_softmax_operation, "axis"),
    "OnesLike": operation(translate_filled_like, "dtype"),
    "Round": operation(translate_unary, fixed={"decimals": 0}),
    "Rsqrt": operation(translate_rsqrt),
    "Softmax": operation(translate_softmax_operation, "axis"),
    "Square": operation(translate_square),
    "StopGradient": operation(translate_pass),
    "Where": operation(translate_where),
    "ZerosLike": operation(translate_filled_like, "dtype"),
}
"""The operations of Keras 3, by class."""
