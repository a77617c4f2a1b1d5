"""Translates layers that merge several tensors, element by element or by concatenation.

In Keras 3, values whose Keras mask is false take no part in Multiply, Maximum and Minimum. The
formulas are those of ``_merge_function`` in Keras 3; Keras 2 merges all values.
"""

from collections.abc import Mapping
from dataclasses import replace

from onnxfi.converters.options.known import layer_options
from onnxfi.converters.translation.graph_builder import GraphBuilder
from onnxfi.converters.translation.layer_call import LayerCall, LayerResult
from onnxfi.converters.translation.layer_kind import LayerKind, MaskRule, rows
from onnxfi.converters.translation.tensor import Tensor

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
_EXTREMES = {"Maximum": "Max", "Minimum": "Min"}


def translate_elementwise(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate Add, Subtract, Multiply, Average, Maximum and Minimum, with broadcasting.

    As in Keras, a tensor of lower rank gets axes of size 1 behind its batch.
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


def translate_merge_with_keras_masks(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate Multiply, Maximum and Minimum of tensors that may have Keras masks."""
    masks = [call.mask_of(tensor) for tensor in call.inputs]
    if call.options.keras_major == 2 or all(mask is None for mask in masks):
        return translate_elementwise(call, graph)
    if len({tensor.shape for tensor in call.inputs}) > 1:
        raise call.options.unsupported("merges tensors of different shapes, some with a mask")
    tensors = [graph.channels_last(tensor) for tensor in call.inputs]
    kept = [None if mask is None else _with_features(mask, graph) for mask in masks]
    if call.options.layer_class == "Multiply":
        return LayerResult(_product(tensors, kept, graph))
    return LayerResult(_extreme(tensors, kept, _EXTREMES[call.options.layer_class], graph))


def _with_features(mask: Tensor, graph: GraphBuilder) -> str:
    return graph.operator("Unsqueeze", [mask.name, graph.integers("axes", [-1])])


def _product(tensors: list[Tensor], kept: list[str | None], graph: GraphBuilder) -> Tensor:
    """Return the product, with 1 in place of left-out values, and 0 where all are left out."""
    one, zero = graph.numbers("one", 1), graph.numbers("zero", 0)
    first, *others = (
        tensor.name if mask is None else graph.operator("Where", [mask, tensor.name, one])
        for tensor, mask in zip(tensors, kept, strict=True)
    )
    for factor in others:
        first = graph.operator("Mul", [first, factor])
    masks = [mask for mask in kept if mask is not None]
    if len(masks) == len(kept):
        any_kept = masks[0]
        for mask in masks[1:]:
            any_kept = graph.operator("Or", [any_kept, mask])
        first = graph.operator("Where", [any_kept, first, zero])
    return replace(tensors[0], name=first)


def _extreme(
    tensors: list[Tensor], kept: list[str | None], operator: str, graph: GraphBuilder
) -> Tensor:
    """Return the extreme value; the other value replaces one that is left out."""
    result, any_kept = tensors[0].name, kept[0]
    for tensor, mask in zip(tensors[1:], kept[1:], strict=True):
        other = tensor.name
        if mask is not None:
            other = graph.operator("Where", [mask, other, result])
        if any_kept is not None:
            result = graph.operator("Where", [any_kept, result, other])
        if mask is not None and any_kept is not None:
            any_kept = graph.operator("Or", [any_kept, mask])
        else:
            any_kept = None
        result = graph.operator(operator, [result, other])
    return replace(tensors[0], name=result)


LAYERS: Mapping[str, LayerKind] = {
    **rows(
        "Add Average Subtract",
        LayerKind(translate=translate_elementwise, options=layer_options(), mask=MaskRule.MERGED),
    ),
    **rows(
        "Maximum Minimum Multiply",
        LayerKind(
            translate=translate_merge_with_keras_masks,
            options=layer_options(),
            mask=MaskRule.MERGED,
        ),
    ),
    "Concatenate": LayerKind(
        translate=translate_concatenate,
        options=layer_options("axis"),
        any_type=True,
        mask=MaskRule.CONCATENATED,
    ),
}
"""The layers of this module, by class."""
