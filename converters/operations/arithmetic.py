"""Translates arithmetic of TensorFlow that needs several operators of ONNX."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from onnxfi.converters.operations.reduction import translate_reduction
from onnxfi.converters.translation.graph_builder import GraphBuilder
from onnxfi.converters.translation.layer_call import LayerCall, LayerResult, Translation
from onnxfi.converters.translation.layer_kind import LayerKind, operation
from onnxfi.converters.translation.operands import (
    FLOATS,
    Operand,
    aligned,
    as_operand,
    axes_of,
    broadcast,
    cast,
    of_one_type,
    operands,
)
from onnxfi.converters.translation.reductions import reduced
from onnxfi.converters.translation.tensor import Tensor

# Bases of the logarithms other than the natural one.
_BASES: Mapping[str, float] = {"Log2": 2, "Log10": 10}
_NORMS: Mapping[object, str] = {"euclidean": "ReduceL2", 2: "ReduceL2", 1: "ReduceL1"}


def translate_bias_add(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate nn.bias_add: a number for each channel."""
    value, bias = operands(call, 2)
    layout = str(call.options.get("data_format", "NHWC"))
    rank = value.rank if isinstance(value, Tensor) else 0
    if layout.startswith("NC") and rank > 2:
        if isinstance(bias, Tensor):
            raise call.options.unsupported(f"adds a tensor in the data format {layout}")
        bias = bias.reshape(-1, *(1,) * (rank - 2))
    return LayerResult(_combined(call, "Add", [value, bias], graph))


def translate_add_n(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate math.add_n: the sum of a list of tensors."""
    (values,) = call.arguments
    same = of_one_type(call, [as_operand(call, value) for value in values], graph)
    tensors = aligned(same, graph)
    total = tensors[0].name
    for tensor in tensors[1:]:
        total = graph.operator("Add", [total, tensor.name])
    return LayerResult(replace(broadcast(tensors), name=total))


def translate_floor_divide(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate FloorDivide: the ratio rounded down."""
    pair = of_one_type(call, operands(call, 2), graph)
    if str(pair[0].dtype) in FLOATS:
        return LayerResult(graph.apply("Floor", _combined(call, "Div", pair, graph)))
    # The Div of whole numbers rounds towards zero. It divides exactly once the remainder, which
    # has the sign of the divisor, is subtracted.
    first, second = aligned(pair, graph)
    rest = graph.operator("Mod", [first.name, second.name])
    whole = graph.operator("Sub", [first.name, rest])
    name = graph.operator("Div", [whole, second.name])
    return LayerResult(replace(broadcast([first, second]), name=name))


def translate_modulo(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate Mod: the remainder of a division that rounds down, with the divisor's sign."""
    pair = of_one_type(call, operands(call, 2), graph)
    first, second = aligned(pair, graph)
    result = broadcast([first, second])
    if first.dtype not in FLOATS:
        return LayerResult(replace(result, name=graph.operator("Mod", [first.name, second.name])))
    rest = graph.operator("Mod", [first.name, second.name], fmod=1)
    shifted = graph.operator("Add", [rest, second.name])
    other = graph.operator("Mod", [shifted, second.name], fmod=1)
    zero = graph.constant("zero", 0, first.dtype)
    signs = [graph.operator("Less", [x.name, zero]) for x in (first, second)]
    same = graph.operator("Equal", signs)
    return LayerResult(replace(result, name=graph.operator("Where", [same, rest, other])))


def translate_no_nan(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate DivideNoNan and math.multiply_no_nan: zero where the second operand is zero."""
    operator = "Div" if call.options.layer_class == "ops.DivideNoNan" else "Mul"
    pair = of_one_type(call, operands(call, 2), graph)
    first, second = aligned(pair, graph)
    combined = graph.operator(operator, [first.name, second.name])
    zero = graph.constant("zero", 0, first.dtype)
    empty = graph.operator("Equal", [second.name, zero])
    name = graph.operator("Where", [empty, zero, combined])
    return LayerResult(replace(broadcast([first, second]), name=name))


def translate_logarithm(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate Log1p, Log2, Log10 and Expm1."""
    tensor, kind = call.input, call.options.layer_class.removeprefix("ops.")
    if tensor.dtype not in FLOATS:
        raise call.options.unsupported(f"gets a tensor of type {tensor.dtype}")
    one = graph.constant("one", 1, tensor.dtype)
    if kind == "Expm1":
        return LayerResult(graph.apply("Sub", graph.apply("Exp", tensor), one))
    if kind == "Log1p":
        return LayerResult(graph.apply("Log", graph.apply("Add", tensor, one)))
    factor = graph.constant("factor", 1 / np.log(_BASES[kind]), tensor.dtype)
    return LayerResult(graph.apply("Mul", graph.apply("Log", tensor), factor))


def translate_is_finite(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate Isfinite."""
    tensor = call.input
    wrong = [graph.operator(kind, [tensor.name]) for kind in ("IsNaN", "IsInf")]
    name = graph.operator("Not", [graph.operator("Or", wrong)])
    return LayerResult(replace(tensor, name=name, dtype="bool", channels=None))


def translate_scaled_silu(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate nn.silu: x * sigmoid(beta * x)."""
    tensor, beta = call.input, call.options.number("beta", 1.0)
    scaled = tensor
    if beta != 1:
        scaled = graph.apply("Mul", tensor, graph.constant("beta", beta or 0, tensor.dtype))
    return LayerResult(graph.apply("Mul", tensor, graph.apply("Sigmoid", scaled).name))


def translate_crelu(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate nn.crelu: relu(x) and relu(-x) one behind the other."""
    tensor = call.input
    (axis,) = axes_of(call, call.options.integer("axis", -1), tensor.rank)
    names = [tensor.name, graph.operator("Neg", [tensor.name])]
    joined = graph.operator("Concat", names, axis=tensor.stored_axis(axis))
    size = tensor.shape[axis]
    shape = list(tensor.shape)
    shape[axis] = None if size is None else 2 * size
    return LayerResult(graph.apply("Relu", replace(tensor, name=joined, shape=tuple(shape))))


def translate_norm(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate tf.norm of order 1 or 2 along some axes of a tensor, or along all."""
    tensor = graph.channels_last(call.input)
    order, axis = call.options.get("ord", "euclidean"), call.options.get("axis")
    operator = _NORMS.get(order) if isinstance(order, int | float | str) else None
    matrix = isinstance(axis, list) and len(axis) > 1 and order != "euclidean"
    if operator is None or matrix:
        raise call.options.unsupported(f"computes the norm of order {order} along {axis}")
    axes = sorted(set(axes_of(call, axis, tensor.rank)))
    keep = call.options.flag("keepdims", False)
    name = reduced(operator, tensor.name, axes, graph, keepdims=keep)
    shape = (
        tuple(1 if i in axes else size for i, size in enumerate(tensor.shape))
        if keep
        else tuple(size for i, size in enumerate(tensor.shape) if i not in axes)
    )
    batch = tensor.batch and 0 not in axes
    return LayerResult(replace(tensor, name=name, shape=shape, channels=None, batch=batch))


def translate_count_nonzero(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate CountNonzero: the number of values that are not zero."""
    tensor, dtype = call.input, call.options.choice("dtype", "int64", "int32", "int64")
    zero = graph.constant("zero", 0, tensor.dtype)
    name = graph.operator("Not", [graph.operator("Equal", [tensor.name, zero])])
    ones = cast(replace(tensor, name=name, dtype="bool"), dtype, graph)
    options = replace(call.options, layer_class="ops.Sum")
    return translate_reduction(replace(call, options=options, arguments=(ones,)), graph)


def _combined(call: LayerCall, operator: str, values: list[Operand], graph: GraphBuilder) -> Tensor:
    tensors = aligned(of_one_type(call, values, graph), graph)
    name = graph.operator(operator, [tensor.name for tensor in tensors])
    return replace(broadcast(tensors), name=name)


OPERATIONS: Mapping[str, LayerKind] = {
    "DivideNoNan": operation(translate_no_nan),
    "Expm1": operation(translate_logarithm),
    "FloorDivide": operation(translate_floor_divide),
    "Isfinite": operation(translate_is_finite),
    "Log10": operation(translate_logarithm),
    "Log1p": operation(translate_logarithm),
    "Log2": operation(translate_logarithm),
    "Mod": operation(translate_modulo),
}
"""The operations of Keras 3, by class."""

TENSORFLOW_OPERATIONS: Mapping[str, Translation] = {
    "AddN": translate_add_n,
    "BiasAdd": translate_bias_add,
    "CountNonzero": translate_count_nonzero,
    "Crelu": translate_crelu,
    "MultiplyNoNan": translate_no_nan,
    "ScaledSilu": translate_scaled_silu,
    "TfNorm": translate_norm,
}
"""Functions of TensorFlow that are not operations of Keras 3."""
