"""Operations between layers that multiply along axes, and norms along them."""

from dataclasses import replace

from onnxfi.converters.graph_builder import GraphBuilder, Tensor
from onnxfi.converters.layer_call import LayerCall, LayerResult
from onnxfi.converters.layers.unit_normalization import of_unit_length, over_root_mean_square
from onnxfi.converters.operands import axes_of, broadcast, of_one_type, operands

_EPSILON = 1e-7  # what Keras calls its fuzz factor


def translate_matmul(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate Matmul of tensors, or of a tensor and constants, of rank 2 and more."""
    tensors = []
    flags = ("transpose_a", "transpose_b")
    for value, flag in zip(of_one_type(call, operands(call, 2), graph), flags, strict=True):
        if isinstance(value, Tensor):
            tensor = graph.channels_last(value)
        else:
            name = graph.constant("number", value, str(value.dtype))
            tensor = Tensor(name, value.shape, dtype=str(value.dtype))
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
    tensors = [graph.channels_last(tensor) for tensor in call.inputs]
    fitting = len(terms) == len(tensors) == len(call.arguments) and all(
        term.isalpha() and len(term) == x.rank for term, x in zip(terms, tensors, strict=True)
    )
    if not fitting or "->" not in equation or not set(right) <= set(left):
        raise call.options.unsupported(f"has the equation {equation!r}")
    if len({tensor.dtype for tensor in tensors}) > 1:
        raise call.options.unsupported("multiplies tensors of several types")
    sizes: dict[str, int | None] = {}
    for term, tensor in zip(terms, tensors, strict=True):
        sizes |= dict(zip(term, tensor.shape, strict=True))
    name = graph.operator("Einsum", [tensor.name for tensor in tensors], equation=equation)
    shape = tuple(sizes[letter] for letter in right)
    return LayerResult(Tensor(name, shape, dtype=tensors[0].dtype))


def translate_normalize(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate Normalize: x over its length along an axis."""
    if call.options.integer("order", 2) != 2:
        raise call.options.unsupported(f"divides by the norm of order {call.options.get('order')}")
    axes = axes_of(call, call.options.get("axis", -1), call.input.rank)
    smallest = call.options.number("epsilon", _EPSILON) or _EPSILON
    return LayerResult(of_unit_length(call.input, axes, smallest, graph))


def translate_rms_norm(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate RMSNorm without a scale: x / sqrt(mean(x**2) + epsilon)."""
    tensor = call.input
    axes = [tensor.stored_axis(x) for x in axes_of(call, call.options.get("axis", -1), tensor.rank)]
    epsilon = call.options.number("epsilon", _EPSILON) or _EPSILON
    name = over_root_mean_square(tensor.name, sorted(axes), epsilon, graph)
    return LayerResult(replace(tensor, name=name))
