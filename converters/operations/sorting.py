"""Translates operations that sort the elements along an axis."""

from collections.abc import Mapping
from dataclasses import replace

from onnxfi.converters.translation.graph_builder import GraphBuilder
from onnxfi.converters.translation.layer_call import LayerCall, LayerResult
from onnxfi.converters.translation.layer_kind import LayerKind, operation
from onnxfi.converters.translation.operands import (
    axes_of,
    cast,
    one_axis,
)
from onnxfi.converters.translation.tensor import Tensor


def translate_top_k(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate TopK along the last axis: the values in descending order, and their positions."""
    options = call.options
    if not options.flag("sorted", True):
        raise options.unsupported("returns the largest values in no order (sorted=False)")
    values, positions = _sorted(call, call.input, -1, options.integer("k", 1), graph, largest=True)
    return LayerResult(values, others=(positions,))


def translate_sort(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate Sort and Argsort along one axis."""
    options, tensor = call.options, call.input
    axis = one_axis(call, tensor.rank)
    length = tensor.shape[axis]
    if length is None:
        raise options.unsupported(f"sorts an axis of unknown size of {tensor.shape}")
    falling = options.choice("direction", "ASCENDING", "ASCENDING", "DESCENDING") == "DESCENDING"
    both = _sorted(call, tensor, axis, length, graph, largest=falling)
    return LayerResult(both[options.layer_class == "ops.Argsort"])


def _sorted(
    call: LayerCall, tensor: Tensor, axis: int, count: int, graph: GraphBuilder, *, largest: bool
) -> tuple[Tensor, Tensor]:
    tensor = graph.channels_last(tensor)
    (axis,) = axes_of(call, axis, tensor.rank)
    length = tensor.shape[axis]
    if axis == 0 or count < 1 or (length is not None and count > length):
        raise call.options.unsupported(f"sorts {count} values of axis {axis} of {tensor.shape}")
    names = graph.operators(
        "TopK",
        [tensor.name, graph.integers("k", [count])],
        ["values", "positions"],
        axis=axis,
        largest=int(largest),
    )
    shape = (*tensor.shape[:axis], count, *tensor.shape[axis + 1 :])
    values = replace(tensor, name=names[0], shape=shape)
    return values, cast(
        replace(values, name=names[1], dtype="int64", channels=None), "int32", graph
    )


OPERATIONS: Mapping[str, LayerKind] = {
    "Argsort": operation(translate_sort, "axis"),
    "Sort": operation(translate_sort, "axis"),
    "TopK": operation(translate_top_k, "k", "sorted"),
}
"""The operations of Keras 3, by class."""
