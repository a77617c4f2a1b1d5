"""Operations between layers that move elements: new shapes, other orders of axes, joins, parts."""

import math
from dataclasses import replace
from itertools import pairwise
from typing import Any

from onnxfi.converters.graph_builder import GraphBuilder, Tensor
from onnxfi.converters.layer_call import LayerCall, LayerResult, is_whole
from onnxfi.converters.layers.core import transposed
from onnxfi.converters.operands import aligned, axes_of, broadcast, cast, of_one_type, operands


def translate_reshape_operation(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate Reshape, whose shape has the batch in it; single sizes may be tensors."""
    tensor = graph.channels_last(call.input)
    target = call.options.get("newshape")
    if not isinstance(target, list) or not all(
        isinstance(x, Tensor) or (is_whole(x) and (x > 0 or x == -1)) for x in target
    ):
        raise call.options.unsupported(f"makes the shape {str(target)[:60]}")
    if any(isinstance(size, Tensor) for size in target):
        sizes = [_as_size(size, graph) for size in target]
        shape = graph.operator("Concat", sizes, axis=0)
    else:
        shape = graph.integers("shape", target)
    name = graph.operator("Reshape", [tensor.name, shape])
    return LayerResult(replace(tensor, name=name, shape=_new_shape(tensor, target), channels=-1))


def translate_transpose(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate Transpose, which leaves the batch where it is."""
    tensor = graph.channels_last(call.input)
    axes = call.options.get("axes")
    order = list(range(tensor.rank))[::-1] if axes is None else axes_of(call, axes, tensor.rank)
    return LayerResult(_in_order(call, tensor, order, graph))


def translate_moveaxis(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate Moveaxis and Swapaxes."""
    tensor = graph.channels_last(call.input)
    order = list(range(tensor.rank))
    if call.options.layer_class == "ops.Swapaxes":
        first, second = (
            axes_of(call, call.options.integer(key), tensor.rank)[0] for key in ("axis1", "axis2")
        )
        order[first], order[second] = second, first
    else:
        source = axes_of(call, call.options.get("source"), tensor.rank)
        target = axes_of(call, call.options.get("destination"), tensor.rank)
        order = [axis for axis in order if axis not in source]
        for place, axis in sorted(zip(target, source, strict=True)):
            order.insert(place, axis)
    return LayerResult(_in_order(call, tensor, order, graph))


def translate_expand_dims(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate ExpandDims: one more axis of size 1."""
    tensor = graph.channels_last(call.input)
    (axis,) = axes_of(call, call.options.integer("axis"), tensor.rank + 1)
    name = graph.operator("Unsqueeze", [tensor.name, graph.integers("axes", [axis])])
    shape = (*tensor.shape[:axis], 1, *tensor.shape[axis:])
    channels = tensor.channels
    if channels is not None:
        channels %= tensor.rank
        channels += axis <= channels
    return LayerResult(replace(tensor, name=name, shape=shape, channels=channels))


def translate_squeeze(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate Squeeze of axes of size 1: those that are named, or all."""
    tensor = graph.channels_last(call.input)
    value = call.options.get("axis")
    if value in (None, []):
        axes = [i for i, size in enumerate(tensor.shape) if size == 1]
    else:
        axes = axes_of(call, value, tensor.rank)
    name = graph.operator("Squeeze", [tensor.name, graph.integers("axes", axes)])
    shape = tuple(size for i, size in enumerate(tensor.shape) if i not in axes)
    channels = tensor.channels
    if channels is not None:
        channels %= tensor.rank
        channels = None if channels in axes else channels - sum(x < channels for x in axes)
    return LayerResult(replace(tensor, name=name, shape=shape, channels=channels))


def translate_join(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate Concatenate and Stack of tensors and constants of one rank."""
    stack = call.options.layer_class == "ops.Stack"
    (values,) = call.arguments if len(call.arguments) == 1 else ((),)
    if not isinstance(values, list) or not values:
        raise call.wrong_inputs("a list of tensors")
    listed = replace(call, arguments=tuple(values))
    same = of_one_type(call, operands(listed), graph)
    tensors = [graph.channels_last(x) for x in aligned(same, graph)]
    rank = tensors[0].rank
    if any(tensor.rank != rank for tensor in tensors):
        raise call.options.unsupported("joins tensors of different ranks")
    (axis,) = axes_of(call, call.options.integer("axis", 0), rank + stack)
    names = [tensor.name for tensor in tensors]
    shape = list(broadcast(tensors).shape)
    if stack:
        names = [
            graph.operator("Unsqueeze", [name, graph.integers("axes", [axis])]) for name in names
        ]
        shape.insert(axis, len(names))
    else:
        sizes = [tensor.shape[axis] for tensor in tensors]
        shape[axis] = None if None in sizes else sum(size for size in sizes if size is not None)
    joined = graph.operator("Concat", names, axis=axis)
    return LayerResult(replace(tensors[0], name=joined, shape=tuple(shape)))


def translate_split(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate Split into equal parts, or at indices; each part is an output of the layer."""
    tensor = graph.channels_last(call.input)
    (axis,) = axes_of(call, call.options.integer("axis", 0), tensor.rank)
    length = tensor.shape[axis]
    if length is None:
        raise call.options.unsupported(f"splits an axis of unknown size of {tensor.shape}")
    given = call.options.get("indices_or_sections")
    if is_whole(given) and given > 0 and not length % given:
        sizes = [length // given] * given
    elif isinstance(given, list) and all(is_whole(x) and 0 < x < length for x in given):
        sizes = [end - start for start, end in pairwise([0, *given, length])]
    else:
        raise call.options.wrong("indices_or_sections", given, f"parts of an axis of {length}")
    names = graph.operators(
        "Split",
        [tensor.name, graph.integers("sizes", sizes)],
        [f"part{i}" for i in range(len(sizes))],
        axis=axis,
    )
    parts = [
        replace(tensor, name=name, shape=(*tensor.shape[:axis], size, *tensor.shape[axis + 1 :]))
        for name, size in zip(names, sizes, strict=True)
    ]
    return LayerResult(parts[0], others=tuple(parts[1:]))


def translate_shape(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate the operation that returns the sizes of a tensor."""
    tensor = graph.channels_last(call.input)
    name = graph.operator("Shape", [tensor.name])
    return LayerResult(Tensor(name, (tensor.rank,), dtype="int64", channels=None))


def _as_size(size: Any, graph: GraphBuilder) -> str:
    if not isinstance(size, Tensor):
        return graph.integers("size", [size])
    whole = cast(size, "int64", graph)
    return graph.operator("Reshape", [whole.name, graph.integers("shape", [1])])


def _in_order(call: LayerCall, tensor: Tensor, order: list[int], graph: GraphBuilder) -> Tensor:
    if sorted(order) != list(range(tensor.rank)) or order[0] != 0:
        raise call.options.unsupported(f"puts the axes in the order {order}")
    return transposed(tensor, order, graph)


def _new_shape(tensor: Tensor, target: list[Any]) -> tuple[int | None, ...]:
    """Return the shape after a Reshape; a free size behind the batch may be known."""
    sizes = [size if is_whole(size) and size > 0 else None for size in target]
    inside = tensor.shape[1:]
    if sizes.count(None) == 2 and sizes[0] is None and None not in inside:
        total = math.prod(size for size in inside if size is not None)
        known = math.prod(size for size in sizes if size is not None)
        if isinstance(target[0], Tensor):  # the batch as it is
            sizes[sizes.index(None, 1)] = total // known
    return tuple(sizes)
