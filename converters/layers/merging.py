"""Layers that merge several tensors: element by element, or one behind the other."""

from dataclasses import replace

from onnxfi.converters.translation.graph_builder import GraphBuilder, Tensor
from onnxfi.converters.translation.layer_call import LayerCall, LayerResult

# The ONNX operator of each layer; Sub takes two inputs, Mean, Max and Min any number.
_OPERATORS = {
    "Add": "Add",
    "Subtract": "Sub",
    "Multiply": "Mul",
    "Average": "Mean",
    "Maximum": "Max",
    "Minimum": "Min",
}
_ANY_NUMBER = ("Mean", "Max", "Min")


def translate_elementwise(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate Add, Subtract, Multiply, Average, Maximum and Minimum, with broadcasting.

    A tensor of lower rank gets axes of size 1 behind its batch, as in Keras.
    """
    operator = _OPERATORS[call.options.layer_class]
    if not call.inputs or (operator == "Sub" and len(call.inputs) != 2):
        raise call.wrong_inputs(f"two tensors, got {len(call.inputs)}")
    rank = max(tensor.rank for tensor in call.inputs)
    tensors = graph.same_layout([_with_rank(tensor, rank, graph) for tensor in call.inputs])
    shape = tensors[0].shape
    for tensor in tensors[1:]:
        shape = tuple(map(_broadcast, shape, tensor.shape))
    result = tensors[0]
    if operator in _ANY_NUMBER:
        result = graph.apply(operator, result, *(tensor.name for tensor in tensors[1:]))
    else:
        for tensor in tensors[1:]:
            result = graph.apply(operator, result, tensor.name)
    return LayerResult(replace(result, shape=(None, *shape[1:])))


def translate_concatenate(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate Concatenate along any axis."""
    axis = call.options.integer("axis", -1)
    ranks = {tensor.rank for tensor in call.inputs}
    if len(ranks) != 1 or not -min(ranks) <= axis < min(ranks):
        raise call.options.wrong("axis", axis, f"an axis of all inputs, of ranks {sorted(ranks)}")
    tensors = graph.same_layout(call.inputs)
    first = tensors[0]
    total: int | None = 0
    for tensor in tensors:
        size = tensor.shape[axis]
        total = None if total is None or size is None else total + size
    shape = list(first.shape)
    shape[axis] = total
    joined = graph.apply(
        "Concat", first, *(tensor.name for tensor in tensors[1:]), axis=first.stored_axis(axis)
    )
    return LayerResult(replace(joined, shape=tuple(shape)))


def _with_rank(tensor: Tensor, rank: int, graph: GraphBuilder) -> Tensor:
    if tensor.rank == rank:
        return tensor
    missing = rank - tensor.rank
    tensor = graph.channels_last(tensor)
    axes = graph.integers("axes", range(1, missing + 1))
    name = graph.operator("Unsqueeze", [tensor.name, axes])
    return Tensor(name, (tensor.shape[0], *(1,) * missing, *tensor.shape[1:]))


def _broadcast(first: int | None, second: int | None) -> int | None:
    return second if first == 1 or first is None else first
