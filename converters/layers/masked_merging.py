"""Multiply, Maximum and Minimum: in Keras 3, values whose mask is false take no part in them.

The formulas are those of ``_merge_function`` in Keras 3; Keras 2 merges all values.
"""

from dataclasses import replace

from onnxfi.converters.layers.merging import translate_elementwise
from onnxfi.converters.translation.graph_builder import GraphBuilder, Tensor
from onnxfi.converters.translation.layer_call import LayerCall, LayerResult

_EXTREMES = {"Maximum": "Max", "Minimum": "Min"}


def translate_masked_merge(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate Multiply, Maximum and Minimum of tensors that may have masks."""
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
    """Return the product, with 1 for masked values, and 0 where all of them are masked."""
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
    """Return the extreme value; a masked value is replaced by the other one."""
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
