"""Translates operations that select parts of a tensor, repeat it, or pad it."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from onnxfi.converters.keras_files.values import is_whole
from onnxfi.converters.translation.graph_builder import GraphBuilder
from onnxfi.converters.translation.layer_call import LayerCall, LayerResult
from onnxfi.converters.translation.layer_kind import LayerKind, operation
from onnxfi.converters.translation.operands import as_operand, axes_of, one_axis, shown
from onnxfi.converters.translation.tensor import Tensor

_FAR = 2**31 - 1  # beyond the end of every axis; its negative is before the start


def translate_get_item(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate ``x[key]``, where the key has numbers, slices, an ellipsis and new axes."""
    tensor = graph.channels_last(call.input)
    bounds: dict[int, tuple[int, int, int]] = {}
    dropped, added = [], []
    shape: list[int | None] = []
    channels = None
    axis = 0
    for part in _whole_key(call, tensor.rank):
        if part is None:
            added.append(len(shape))
            shape.append(1)
            continue
        size = tensor.shape[axis]
        if is_whole(part):
            bounds[axis] = (part, part + 1 if part != -1 else _FAR, 1)
            dropped.append(axis)
        else:
            whole = _bounds(call, part)
            if whole != slice(None, None, 1):
                first, last = (0, _FAR) if whole.step > 0 else (_FAR, -_FAR)
                start = first if whole.start is None else whole.start
                bounds[axis] = (start, last if whole.stop is None else whole.stop, whole.step)
                size = None if size is None else len(range(*whole.indices(size)))
            if tensor.channels is not None and axis == tensor.channels % tensor.rank:
                channels = len(shape)
            shape.append(size)
        axis += 1
    name = tensor.name
    if bounds:
        columns = zip(*bounds.values(), strict=True)
        starts, ends, steps = (list(column) for column in columns)
        roles = (("starts", starts), ("ends", ends), ("axes", list(bounds)), ("steps", steps))
        name = graph.operator("Slice", [name, *(graph.integers(role, x) for role, x in roles)])
    if dropped:
        name = graph.operator("Squeeze", [name, graph.integers("axes", dropped)])
    if added:
        name = graph.operator("Unsqueeze", [name, graph.integers("axes", added)])
    if name == tensor.name:
        name = graph.operator("Identity", [name])
    batch = tensor.batch and 0 not in bounds and 0 not in added
    known = graph.contents.get(tensor.name)
    if known is not None and tensor.rank == 1:
        start, stop, step = bounds.get(0, (None, None, None))
        graph.contents[name] = known[slice(start, stop, step)]
    return LayerResult(
        replace(tensor, name=name, shape=tuple(shape), channels=channels, batch=batch)
    )


def translate_take(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate Take of constant positions along one axis."""
    tensor = graph.channels_last(call.input)
    axis = one_axis(call, tensor.rank)
    positions = as_operand(call, call.arguments[1] if len(call.arguments) == 2 else None)
    if isinstance(positions, Tensor) or positions.dtype.kind != "i":
        raise call.options.unsupported("takes positions that are no constant whole numbers")
    indices = graph.integers("indices", positions)
    name = graph.operator("Gather", [tensor.name, indices], axis=axis)
    shape = (*tensor.shape[:axis], *positions.shape, *tensor.shape[axis + 1 :])
    channels = tensor.channels if positions.ndim == 1 else None
    return LayerResult(replace(tensor, name=name, shape=shape, channels=channels))


def translate_flip(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate Flip along some axes behind the batch."""
    tensor = call.input
    axes = axes_of(call, call.options.values.get("axis"), tensor.rank)
    count = len(axes)
    roles = {
        "starts": [-1] * count,
        "ends": [-_FAR] * count,
        "axes": [tensor.stored_axis(axis) for axis in axes],
        "steps": [-1] * count,
    }
    return LayerResult(
        graph.apply("Slice", tensor, *(graph.integers(role, x) for role, x in roles.items()))
    )


def translate_repeat(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate Repeat: each element several times, one after the other, along one axis."""
    tensor = graph.channels_last(call.input)
    count = call.options.size("repeats")
    axis = one_axis(call, tensor.rank)
    length = tensor.shape[axis]
    if length is None:
        raise call.options.unsupported(f"repeats along an axis of unknown size of {tensor.shape}")
    call.options.require_small(length * count, "positions")
    indices = graph.integers("indices", [i for i in range(length) for _ in range(count)])
    name = graph.operator("Gather", [tensor.name, indices], axis=axis)
    shape = (*tensor.shape[:axis], length * count, *tensor.shape[axis + 1 :])
    return LayerResult(replace(tensor, name=name, shape=shape))


def translate_tile(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate Tile: the whole tensor several times along each axis."""
    tensor = graph.channels_last(call.input)
    repeats = call.options.get("repeats")
    if (
        not isinstance(repeats, list)
        or len(repeats) != tensor.rank
        or not all(is_whole(x) and x > 0 for x in repeats)
    ):
        raise call.options.unsupported(f"repeats {tensor.shape} by {shown(repeats)}")
    name = graph.operator("Tile", [tensor.name, graph.integers("repeats", repeats)])
    sizes = zip(tensor.shape, repeats, strict=True)
    shape = tuple(None if size is None else size * count for size, count in sizes)
    batch = tensor.batch and repeats[0] == 1
    return LayerResult(replace(tensor, name=name, shape=shape, batch=batch))


def translate_pad(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate Pad with a constant, or with the values at the border."""
    tensor = graph.channels_last(call.input)
    mode = str(call.options.get("mode", "constant")).lower()
    widths = call.options.get("pad_width")
    listed = widths if isinstance(widths, list) else []
    pairs = [x for x in listed if isinstance(x, list) and len(x) == 2]
    if mode not in ("constant", "reflect", "symmetric") or len(pairs) != tensor.rank:
        raise call.options.unsupported(f"pads {tensor.shape} by {str(widths)[:60]} with {mode!r}")
    if not all(is_whole(x) and x >= 0 for pair in pairs for x in pair):
        raise call.options.wrong("pad_width", widths, "pairs of whole numbers from 0 on")
    if mode == "symmetric":
        return LayerResult(_mirrored(call, tensor, pairs, graph))
    inputs = [graph.integers("pads", [*(x for x, _ in pairs), *(x for _, x in pairs)])]
    value = call.options.number("constant_values", 0.0)
    if mode == "constant":
        inputs.append(graph.constant("value", value or 0.0, tensor.dtype))
    shape = tuple(
        None if size is None else size + start + end
        for size, (start, end) in zip(tensor.shape, pairs, strict=True)
    )
    return LayerResult(replace(graph.apply("Pad", tensor, *inputs, mode=mode), shape=shape))


def _mirrored(
    call: LayerCall, tensor: Tensor, pairs: list[list[int]], graph: GraphBuilder
) -> Tensor:
    """Return a tensor with its border mirrored, the outermost values twice."""
    for axis, (start, end) in enumerate(pairs):
        length = tensor.shape[axis]
        if not start and not end:
            continue
        if length is None or max(start, end) > length:
            raise call.options.unsupported(f"mirrors {start} and {end} of axis {axis} of {length}")
        order = graph.integers("order", np.pad(np.arange(length), (start, end), "symmetric"))
        name = graph.operator("Gather", [tensor.name, order], axis=axis)
        shape = (*tensor.shape[:axis], length + start + end, *tensor.shape[axis + 1 :])
        tensor = replace(tensor, name=name, shape=shape)
    return tensor


def _whole_key(call: LayerCall, rank: int) -> Iterator[Any]:
    """Yield the parts of a key, with slices of whole axes for the ellipsis or at the end."""
    key = call.options.get("key") if len(call.arguments) == 1 else call.arguments[1]
    parts = key if isinstance(key, list | tuple) else [key]
    used = sum(part is not None and not _is_ellipsis(part) for part in parts)
    rest = [{"start": None, "stop": None, "step": None}] * (rank - used)
    if used > rank:
        raise call.wrong_inputs(f"a key for a tensor of rank {rank}, got {str(key)[:60]}")
    for part in parts:
        if _is_ellipsis(part):
            yield from rest
            rest = []
        else:
            yield part
    yield from rest


def _is_ellipsis(part: Any) -> bool:
    return isinstance(part, dict) and part.get("class_name") == "__ellipsis__"


def _bounds(call: LayerCall, part: Any) -> slice:
    """Return a slice that Keras 2 or Keras 3 stores."""
    if isinstance(part, dict):
        stored = part.get("config", part)
        start, end, step = (stored.get(key) for key in ("start", "stop", "step"))
        step = 1 if step is None else step
        if is_whole(step) and step and all(x is None or is_whole(x) for x in (start, end)):
            return slice(start, end, step)
    raise call.options.unsupported(f"takes the part {str(part)[:60]}")


OPERATIONS: Mapping[str, LayerKind] = {
    "Flip": operation(translate_flip, "axis"),
    "GetItem": operation(translate_get_item, "key"),
    "Pad": operation(translate_pad, "pad_width", "mode", "constant_values"),
    "Repeat": operation(translate_repeat, "repeats", "axis"),
    "Take": operation(translate_take, "axis"),
    "Tile": operation(translate_tile, "repeats"),
}
"""The operations of Keras 3, by class."""
