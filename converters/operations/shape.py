"""Translates operations that change shapes, reorder axes, join tensors or split them."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

from onnxfi.converters.keras_files.values import is_whole
from onnxfi.converters.layers.core import transposed
from onnxfi.converters.translation.graph_builder import BATCH, GraphBuilder
from onnxfi.converters.translation.layer_call import LayerCall, LayerResult
from onnxfi.converters.translation.layer_kind import LayerKind, operation
from onnxfi.converters.translation.operands import (
    Operand,
    aligned,
    axes_of,
    broadcast,
    cast,
    of_one_type,
    operands,
    shown,
)
from onnxfi.converters.translation.tensor import Tensor


def translate_reshape_operation(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate Reshape, whose shape includes the batch, and may be or contain tensors."""
    tensor = graph.channels_last(call.arguments[0])
    target = call.options.get("newshape")
    shape, sizes = shape_of(call, target, graph)
    name = graph.operator("Reshape", [tensor.name, shape])
    new_shape, batch = _new_shape(tensor, sizes)
    return LayerResult(replace(tensor, name=name, shape=new_shape, channels=-1, batch=batch))


def shape_of(
    call: LayerCall, value: Any, graph: GraphBuilder
) -> tuple[str, list[int | str | None]]:
    """Return a shape as a tensor, and its known sizes.

    Args:
        call: the call.
        value: a tensor of sizes, or a list of whole numbers and of tensors of one size each.
        graph: the graph that grows.

    Raises:
        UnsupportedLayerError: it is something else.
    """
    if isinstance(value, Tensor) and value.rank == 1 and value.shape[0] is not None:
        known = graph.contents.get(value.name, (None,) * value.shape[0])
        return cast(value, "int64", graph).name, list(known)
    parts = value if isinstance(value, list | tuple) else [value]
    if not all(isinstance(x, Tensor) or (is_whole(x) and (x > 0 or x == -1)) for x in parts):
        raise call.options.unsupported(f"makes the shape {shown(value)}")
    if not any(isinstance(size, Tensor) for size in parts):
        return graph.integers("shape", parts), list(parts)
    sizes: list[int | str | None] = []
    for part in parts:
        sizes += graph.contents.get(part.name, (None,)) if isinstance(part, Tensor) else [part]
    names = [_as_size(size, graph) for size in parts]
    return graph.operator("Concat", names, axis=0), sizes


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
    if tensor.name in graph.contents:
        graph.contents[name] = graph.contents[tensor.name]
    batch = tensor.batch and axis > 0
    return LayerResult(replace(tensor, name=name, shape=shape, channels=channels, batch=batch))


def translate_squeeze(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate Squeeze of axes of size 1: those that are named, or all."""
    tensor = graph.channels_last(call.input)
    value = call.options.get("axis")
    if value in (None, []):
        # The batch stays, whatever its size is.
        inside = range(1 if tensor.batch else 0, tensor.rank)
        if any(tensor.shape[i] is None for i in inside):
            raise call.options.unsupported(f"removes the axes of size 1 of {tensor.shape}")
        axes = [i for i in inside if tensor.shape[i] == 1]
    else:
        axes = axes_of(call, value, tensor.rank)
    if not axes:
        return LayerResult(graph.apply("Identity", tensor))
    name = graph.operator("Squeeze", [tensor.name, graph.integers("axes", axes)])
    if tensor.name in graph.contents:
        graph.contents[name] = graph.contents[tensor.name]
    shape = tuple(size for i, size in enumerate(tensor.shape) if i not in axes)
    channels = tensor.channels
    if channels is not None:
        channels %= tensor.rank
        channels = None if channels in axes else channels - sum(x < channels for x in axes)
    batch = tensor.batch and 0 not in axes
    return LayerResult(replace(tensor, name=name, shape=shape, channels=channels, batch=batch))


def translate_join(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate Concatenate and Stack of tensors and constants of one rank."""
    stack = call.options.layer_class == "ops.Stack"
    (values,) = call.arguments if len(call.arguments) == 1 else ((),)
    if not isinstance(values, list) or not values:
        raise call.wrong_inputs("a list of tensors")
    listed = replace(call, arguments=tuple(values))
    same = of_one_type(call, operands(listed), graph)
    if not stack and any(len(x.shape) == 1 for x in same):
        # Keras 2 lists the numbers of a constant one by one.
        same = [x.reshape(1) if not isinstance(x, Tensor) and not x.ndim else x for x in same]
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
    contents = joined_contents(same, graph)
    if contents is not None:
        graph.contents[joined] = contents
    batch = tensors[0].batch and axis > 0
    return LayerResult(replace(tensors[0], name=joined, shape=tuple(shape), batch=batch))


def translate_split(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate Split into equal parts, or at indices; each part is an output of the layer."""
    tensor = graph.channels_last(call.input)
    (axis,) = axes_of(call, call.options.integer("axis", 0), tensor.rank)
    length = tensor.shape[axis]
    if length is None:
        raise call.options.unsupported(f"splits an axis of unknown size of {tensor.shape}")
    given = call.options.get("indices_or_sections")
    parts = call.options.get("num_or_size_splits")  # of TensorFlow: sizes, not indices
    given = parts if is_whole(parts) else given
    if isinstance(parts, list):
        sizes = _split_sizes(call, parts, length)
    elif is_whole(given) and given > 0 and not length % given:
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


def _split_sizes(call: LayerCall, given: Any, length: int) -> list[int]:
    """Return the sizes of the parts of an axis; a -1 among the given ones means the rest."""
    sizes = given if isinstance(given, list) else []
    whole = [size for size in sizes if is_whole(size) and size >= -1]
    rest = length - sum(size for size in whole if size != -1)
    result = [rest if size == -1 else size for size in whole]
    if not sizes or len(whole) != len(sizes) or min(result) < 0 or sum(result) != length:
        raise call.options.wrong("num_or_size_splits", given, f"parts of an axis of {length}")
    return result


def translate_shape(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate the operation that returns the sizes of a tensor."""
    tensor = graph.channels_last(call.input)
    name = graph.operator("Shape", [tensor.name])
    dtype = call.options.choice("dtype", "int32", "int32", "int64")
    result = Tensor(name, (tensor.rank,), dtype="int64", channels=None, batch=False)
    result = cast(result, dtype, graph)
    sizes: tuple[int | str | None, ...] = tensor.shape
    if tensor.batch and tensor.shape[:1] == (None,):
        sizes = (BATCH, *tensor.shape[1:])
    graph.contents[result.name] = sizes
    return LayerResult(result)


def joined_contents(
    values: Sequence[Operand], graph: GraphBuilder
) -> tuple[int | str | None, ...] | None:
    """Return the known values of concatenated sizes; None if they are not sizes."""
    if any(x.dtype not in ("int32", "int64") or len(x.shape) > 1 for x in values):
        return None
    known: list[int | str | None] = []
    for value in values:
        if not isinstance(value, Tensor):
            known += value.reshape(-1).tolist()
        elif value.rank and value.shape[0] is None:
            return None
        else:
            count = value.shape[0] if value.rank else 1
            known += graph.contents.get(value.name, (None,) * (count or 0))
    return tuple(known)


def _as_size(size: Any, graph: GraphBuilder) -> str:
    if not isinstance(size, Tensor):
        return graph.integers("size", [size])
    whole = cast(size, "int64", graph)
    return graph.operator("Reshape", [whole.name, graph.integers("shape", [1])])


def _in_order(call: LayerCall, tensor: Tensor, order: list[int], graph: GraphBuilder) -> Tensor:
    if sorted(order) != list(range(tensor.rank)) or order[0] != 0:
        raise call.options.unsupported(f"puts the axes in the order {order}")
    return transposed(tensor, order, graph)


def _new_shape(
    tensor: Tensor, sizes: list[int | str | None]
) -> tuple[tuple[int | None, ...], bool]:
    """Return the shape after a Reshape, and whether its first axis is the batch.

    A free size may be known: behind the batch, or if the sizes imply that it is the batch.
    """
    shape = [size if isinstance(size, int) and size != -1 else None for size in sizes]
    known = math.prod(size for size in shape if size is not None)
    inside = tensor.shape[1:]
    if not tensor.batch or not sizes or None in inside:
        return tuple(shape), bool(sizes) and tensor.batch and sizes[0] == BATCH
    total = math.prod(size for size in inside if size is not None)
    if sizes[0] == BATCH:
        if shape.count(None) == 2 and known:
            shape[shape.index(None, 1)] = total // known
        return tuple(shape), True
    return tuple(shape), shape[0] is None and shape.count(None) == 1 and known == total


OPERATIONS: Mapping[str, LayerKind] = {
    "Concatenate": operation(translate_join, "axis"),
    "ExpandDims": operation(translate_expand_dims, "axis"),
    "Moveaxis": operation(translate_moveaxis, "source", "destination"),
    "Reshape": operation(translate_reshape_operation, "newshape"),
    "Shape": operation(translate_shape),
    "Split": operation(translate_split, "indices_or_sections", "axis"),
    "Squeeze": operation(translate_squeeze, "axis"),
    "Stack": operation(translate_join, "axis"),
    "Swapaxes": operation(translate_moveaxis, "axis1", "axis2"),
    "Transpose": operation(translate_transpose, "axes"),
}
"""The operations of Keras 3, by class."""
