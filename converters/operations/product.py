"""Translates products and norms along axes."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from numpy.typing import NDArray

from onnxfi.converters.layers.normalization.unit import of_unit_length, over_root_mean_square
from onnxfi.converters.translation.graph_builder import GraphBuilder
from onnxfi.converters.translation.layer_call import LayerCall, LayerResult, Translation
from onnxfi.converters.translation.layer_kind import LayerKind, operation
from onnxfi.converters.translation.operands import axes_of, broadcast, of_one_type, operands
from onnxfi.converters.translation.tensor import Tensor

_EPSILON = 1e-7  # the fuzz factor of Keras


def translate_matmul(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate Matmul of tensors, or of a tensor and constants, of rank 2 and more."""
    tensors = []
    flags = ("transpose_a", "transpose_b")
    for value, flag in zip(of_one_type(call, operands(call, 2), graph), flags, strict=True):
        if isinstance(value, Tensor):
            tensor = graph.channels_last(value)
        else:
            tensor = _constant(value, graph)
        if tensor.rank < 2:
            raise call.options.unsupported(f"multiplies a tensor of the shape {tensor.shape}")
        if call.options.flag(flag, False):
            order = [*range(tensor.rank - 2), tensor.rank - 1, tensor.rank - 2]
            name = graph.operator("Transpose", [tensor.name], perm=order)
            tensor = replace(tensor, name=name, shape=tuple(tensor.shape[i] for i in order))
        tensors.append(tensor)
    first, second = tensors
    name = graph.operator("MatMul", [first.name, second.name])
    outer = [replace(x, shape=x.shape[:-2]) for x in tensors]
    shape = (*broadcast(outer).shape, first.shape[-2], second.shape[-1])
    return LayerResult(Tensor(name, shape, dtype=first.dtype))


def translate_einsum_operation(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate Einsum of tensors, with a letter for each axis."""
    equation = str(call.options.get("subscripts")).replace(" ", "")
    left, _, right = equation.partition("->")
    terms = left.split(",")
    tensors = [
        graph.channels_last(x) if isinstance(x, Tensor) else _constant(x, graph)
        for x in of_one_type(call, operands(call), graph)
    ]
    fitting = len(terms) == len(tensors) and all(
        term.isalpha() and len(term) == x.rank for term, x in zip(terms, tensors, strict=True)
    )
    if not fitting or "->" not in equation or not set(right) <= set(left):
        raise call.options.unsupported(f"has the equation {equation!r}")
    sizes: dict[str, int | None] = {}
    for term, tensor in zip(terms, tensors, strict=True):
        sizes |= dict(zip(term, tensor.shape, strict=True))
    name = graph.operator("Einsum", [tensor.name for tensor in tensors], equation=equation)
    shape = tuple(sizes[letter] for letter in right)
    firsts = {term[0] for term, x in zip(terms, tensors, strict=True) if x.batch and term}
    batch = right[:1] in firsts
    return LayerResult(Tensor(name, shape, dtype=tensors[0].dtype, batch=batch))


def translate_tensor_product(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate tensordot: a sum over the last axes of one operand and the first of the other."""
    first, second = (
        graph.channels_last(x) if isinstance(x, Tensor) else _constant(x, graph)
        for x in of_one_type(call, operands(call, 2), graph)
    )
    given = call.options.get("axes")
    if isinstance(given, int):
        given = [list(range(first.rank - given, first.rank)), list(range(given))]
    if not isinstance(given, list) or len(given) != 2:
        raise call.options.unsupported(f"sums over the axes {given}")
    summed = [
        axes_of(call, axes, tensor.rank)
        for axes, tensor in zip(given, (first, second), strict=True)
    ]
    if len(summed[0]) != len(summed[1]):
        raise call.options.wrong("axes", given, "as many axes of one as of the other")
    letters = iter("abcdefghijklmnopqrstuvwxyz")
    left = [next(letters) for _ in range(first.rank)]
    right = [next(letters) for _ in range(second.rank)]
    for here, there in zip(*summed, strict=True):
        right[there] = left[here]
    kept = [
        (letter, size)
        for term, tensor, axes in ((left, first, summed[0]), (right, second, summed[1]))
        for axis, (letter, size) in enumerate(zip(term, tensor.shape, strict=True))
        if axis not in axes
    ]
    equation = f"{''.join(left)},{''.join(right)}->{''.join(letter for letter, _ in kept)}"
    name = graph.operator("Einsum", [first.name, second.name], equation=equation)
    shape = tuple(size for _, size in kept)
    batch = first.batch and 0 not in summed[0]
    return LayerResult(Tensor(name, shape, dtype=first.dtype, batch=batch))


def _constant(value: NDArray[Any], graph: GraphBuilder) -> Tensor:
    name = graph.constant("number", value, str(value.dtype))
    return Tensor(name, value.shape, dtype=str(value.dtype), batch=False)


def translate_normalize(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate Normalize: x over its length along an axis."""
    if call.options.integer("order", 2) != 2:
        raise call.options.unsupported(f"divides by the norm of order {call.options.get('order')}")
    default = None if call.options.keras_major == 2 else -1  # in TensorFlow, all axes
    axes = axes_of(call, call.options.get("axis", default), call.input.rank)
    smallest = call.options.number("epsilon", _EPSILON) or _EPSILON
    return LayerResult(of_unit_length(call.input, axes, smallest, graph))


def translate_rms_norm(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate RMSNorm without a scale: x / sqrt(mean(x**2) + epsilon)."""
    tensor = call.input
    axes = [tensor.stored_axis(x) for x in axes_of(call, call.options.get("axis", -1), tensor.rank)]
    epsilon = call.options.number("epsilon", _EPSILON) or _EPSILON
    name = over_root_mean_square(tensor.name, sorted(axes), epsilon, graph)
    return LayerResult(replace(tensor, name=name))


OPERATIONS: Mapping[str, LayerKind] = {
    "Einsum": operation(translate_einsum_operation, "subscripts"),
    "Matmul": operation(translate_matmul),
    "Normalize": operation(translate_normalize, "axis", "order", "epsilon"),
    "RMSNorm": operation(translate_rms_norm, "axis", "epsilon"),
}
"""The operations of Keras 3, by class."""

TENSORFLOW_OPERATIONS: Mapping[str, Translation] = {
    "TfTensordot": translate_tensor_product,
}
"""Functions of TensorFlow that are not operations of Keras 3."""
