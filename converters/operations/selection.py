"""Translates functions that select values by position or by parts of an axis."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from onnxfi.converters.keras_files.values import is_whole
from onnxfi.converters.operations.indexing import translate_get_item, translate_take
from onnxfi.converters.translation.graph_builder import GraphBuilder
from onnxfi.converters.translation.layer_call import LayerCall, LayerResult, Translation
from onnxfi.converters.translation.layer_kind import LayerKind, operation
from onnxfi.converters.translation.operands import (
    FLOATS,
    as_operand,
    axes_of,
    cast,
    one_axis,
    shown,
)
from onnxfi.converters.translation.sequences import indices as positions_along
from onnxfi.converters.translation.tensor import Tensor

_WHOLE = {"start": None, "stop": None, "step": None}


def translate_one_hot(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate OneHot: a new axis with one value at the index, and another one elsewhere.

    The operator of ONNX counts negative indices from the end; in Keras they match no position.
    """
    tensor = graph.channels_last(call.input)
    options = call.options
    if tensor.dtype not in ("int32", "int64") or options.get("sparse"):
        raise options.unsupported(f"gets a tensor of type {tensor.dtype}, or is sparse")
    count = options.size("num_classes")
    options.require_small(count, "classes")
    (axis,) = axes_of(call, options.integer("axis", -1), tensor.rank + 1)
    dtype = options.get("dtype", "float32")
    if dtype not in ("bool", "int32", "int64", *FLOATS):
        raise options.unsupported(f"makes values of the type {dtype!r}")
    wide = graph.operator("Unsqueeze", [tensor.name, graph.integers("axes", [axis])])
    classes = np.arange(count).reshape(-1, *(1,) * (tensor.rank - axis))
    hit = graph.operator("Equal", [wide, graph.constant("classes", classes, tensor.dtype)])
    values = [
        graph.constant(key, options.get(key, default), dtype)
        for key, default in (("on_value", 1), ("off_value", 0))
    ]
    name = graph.operator("Where", [hit, *values])
    shape = (*tensor.shape[:axis], count, *tensor.shape[axis:])
    batch = tensor.batch and axis > 0
    return LayerResult(
        replace(tensor, name=name, shape=shape, dtype=dtype, channels=None, batch=batch)
    )


def translate_unstack(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate Unstack: each position along an axis becomes an output without that axis."""
    tensor = graph.channels_last(call.input)
    (axis,) = axes_of(call, call.options.integer("axis", 0), tensor.rank)
    count = tensor.shape[axis]
    if count is None or call.options.get("num", count) != count:
        raise call.options.unsupported(f"takes axis {axis} of {tensor.shape} apart")
    call.options.require_small(count, "parts")
    axes = graph.integers("axes", [axis])
    sizes = graph.integers("sizes", [1] * count)
    roles = [f"part{i}" for i in range(count)]
    names = graph.operators("Split", [tensor.name, sizes], roles, axis=axis)
    shape = (*tensor.shape[:axis], *tensor.shape[axis + 1 :])
    parts = []
    for i, part in enumerate(names):
        name = graph.operator("Squeeze", [part, axes])
        if tensor.name in graph.contents:
            graph.contents[name] = graph.contents[tensor.name][i : i + 1]
        batch = tensor.batch and axis > 0
        parts.append(replace(tensor, name=name, shape=shape, channels=None, batch=batch))
    return LayerResult(parts[0], others=tuple(parts[1:]))


def translate_slice(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate tf.slice: from `begin` on, `size` positions of each axis, -1 for all."""
    begin, size = call.options.get("begin"), call.options.get("size")
    rank = call.input.rank
    lists = [x for x in (begin, size) if isinstance(x, list) and len(x) == rank]
    if len(lists) != 2 or not all(is_whole(x) for part in lists for x in part):
        raise call.options.unsupported(f"takes the part {shown(begin)}, {shown(size)}")
    key: list[Any] = []
    for start, count, length in zip(*lists, call.input.shape, strict=True):
        whole = start == 0 and count in (-1, length)
        stop = None if count == -1 else start + count
        key.append(_WHOLE if whole else {"start": start, "stop": stop, "step": None})
    return _get_item(call, key, graph)


def translate_strided_slice(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate strided_slice with its masks; bit i of a mask belongs to entry i of the slice."""
    options = call.options
    begin, end = (options.get(key) for key in ("begin", "end"))
    strides = options.get("strides", [1] * len(begin)) if isinstance(begin, list) else None
    lists = [x for x in (begin, end, strides) if isinstance(x, list)]
    if (
        len(lists) != 3
        or len({len(x) for x in lists}) != 1
        or not all(is_whole(y) for x in lists for y in x)
    ):
        raise options.unsupported(f"takes the part {shown(begin)}, {shown(end)}")
    names = ("begin", "end", "ellipsis", "new_axis", "shrink_axis")
    masks = {name: options.integer(f"{name}_mask", 0) for name in names}
    key: list[Any] = []
    for i, (start, stop, step) in enumerate(zip(*lists, strict=True)):
        chosen = {name for name, mask in masks.items() if mask >> i & 1}
        if "ellipsis" in chosen:
            key.append({"class_name": "__ellipsis__"})
        elif "new_axis" in chosen:
            key.append(None)
        elif "shrink_axis" in chosen:
            key.append(start)
        else:
            first = None if "begin" in chosen else start
            last = None if "end" in chosen else stop
            key.append({"start": first, "stop": last, "step": step})
    return _get_item(call, key, graph)


def _get_item(call: LayerCall, key: list[Any], graph: GraphBuilder) -> LayerResult:
    options = replace(call.options, values={**call.options.values, "key": key})
    return translate_get_item(replace(call, options=options), graph)


def translate_gather(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate tf.gather: positions along one axis; `batch_dims` gives each sample its own."""
    options = call.options
    source, where = (as_operand(call, value) for value in call.arguments)
    batches = options.integer("batch_dims", 0)
    rank = len(source.shape)
    (axis,) = axes_of(call, options.integer("axis", batches), rank)
    if not isinstance(where, Tensor):
        taken = replace(options, values={**options.values, "axis": axis})
        return translate_take(replace(call, options=taken), graph)
    where = graph.channels_last(where)
    if isinstance(source, Tensor):
        source = graph.channels_last(source)
        name, dtype = source.name, source.dtype
    else:
        dtype = "float32" if source.dtype.kind == "f" else str(source.dtype)
        name = graph.constant("table", source, dtype)
    if batches not in (0, axis):
        raise options.unsupported(f"gathers along axis {axis} with batch_dims={batches}")
    inner = (*source.shape[:axis], *where.shape[batches:], *source.shape[axis + 1 :])
    if batches:
        last = graph.integers("axes", [-1])
        wide = graph.operator("Unsqueeze", [_whole(where, graph), last])
        gathered = graph.operator("GatherND", [name, wide], batch_dims=batches)
    else:
        gathered = graph.operator("Gather", [name, where.name], axis=axis)
    batch = bool(inner) and (where.batch if axis == 0 else isinstance(source, Tensor))
    return LayerResult(Tensor(gathered, tuple(inner), dtype=dtype, batch=batch))


def translate_gather_nd(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate tf.gather_nd."""
    source, where = (as_operand(call, value) for value in call.arguments)
    if not (isinstance(source, Tensor) and isinstance(where, Tensor)):
        raise call.options.unsupported("gathers from constants, or at constant positions")
    source, where = graph.channels_last(source), graph.channels_last(where)
    batches, depth = call.options.integer("batch_dims", 0), where.shape[-1]
    if depth is None or batches < 0 or batches >= where.rank:
        raise call.options.unsupported(f"gathers at positions of the shape {where.shape}")
    inputs = [source.name, _whole(where, graph)]
    name = graph.operator("GatherND", inputs, batch_dims=batches)
    shape = (*where.shape[:-1], *source.shape[batches + depth :])
    return LayerResult(Tensor(name, shape, dtype=source.dtype, batch=where.batch))


def _whole(tensor: Tensor, graph: GraphBuilder) -> str:
    return cast(tensor, "int64", graph).name


def translate_roll(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate Roll: the end of some axes comes to their start."""
    tensor = graph.channels_last(call.input)
    shifts, axes = (call.options.get(key) for key in ("shift", "axis"))
    shifts = shifts if isinstance(shifts, list) else [shifts]
    places = axes_of(call, axes, tensor.rank) if axes is not None else []
    if len(shifts) != len(places) or not all(map(is_whole, shifts)):
        raise call.options.unsupported(f"rolls {shown(axes)} by {shown(shifts)}")
    for shift, axis in zip(shifts, places, strict=True):
        length = tensor.shape[axis]
        if length is None:
            raise call.options.unsupported(f"rolls an axis of unknown size of {tensor.shape}")
        order = graph.integers("order", np.roll(np.arange(length), shift))
        tensor = replace(tensor, name=graph.operator("Gather", [tensor.name, order], axis=axis))
    return LayerResult(tensor)


def translate_running_sum(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate Cumsum along one axis."""
    tensor, options = call.input, call.options
    axis = one_axis(call, tensor.rank)
    flags = {key: int(options.flag(key, False)) for key in ("exclusive", "reverse")}
    place = graph.integers("axis", tensor.stored_axis(axis))
    return LayerResult(graph.apply("CumSum", tensor, place, **flags))


def translate_sequence_mask(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate sequence_mask: which positions come before each length."""
    tensor = graph.channels_last(call.input)
    count = call.options.size("maxlen")
    dtype = call.options.get("dtype", "bool")
    if dtype not in ("bool", "int32", "int64", *FLOATS):
        raise call.options.unsupported(f"makes values of the type {dtype!r}")
    call.options.require_small(count, "positions")
    wide = graph.operator("Unsqueeze", [tensor.name, graph.integers("axes", [-1])])
    places = graph.constant("places", np.arange(count), tensor.dtype)
    name = graph.operator("Less", [places, wide])
    shape = (*tensor.shape, count)
    mask = replace(tensor, name=name, shape=shape, dtype="bool", channels=None)
    return LayerResult(cast(mask, dtype, graph))


def translate_band(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate linalg.band_part: zeros beyond some diagonals of the last two axes."""
    tensor = graph.channels_last(call.input)
    lower, upper = (call.options.integer(key) for key in ("num_lower", "num_upper"))
    if tensor.rank < 2:
        raise call.wrong_inputs("a tensor of rank 2 or more")
    rows, columns = (
        positions_along(tensor.name, axis, graph) for axis in (tensor.rank - 2, tensor.rank - 1)
    )
    down = graph.operator("Unsqueeze", [rows, graph.integers("axes", [1])])
    distance = graph.operator("Sub", [down, columns])
    result = tensor
    zero = graph.constant("zero", 0, tensor.dtype)
    for bound, sign in ((lower, 1), (upper, -1)):
        if bound >= 0:
            limit = graph.integers("limit", sign * bound)
            order = [distance, limit] if sign > 0 else [limit, distance]
            inside = graph.operator("LessOrEqual", order)
            result = replace(result, name=graph.operator("Where", [inside, result.name, zero]))
    if result is tensor:
        result = graph.apply("Identity", tensor)
    return LayerResult(result)


OPERATIONS: Mapping[str, LayerKind] = {
    "Cumsum": operation(translate_running_sum, "axis"),
    "OneHot": operation(translate_one_hot, "num_classes", "axis", "dtype", "sparse"),
    "Roll": operation(translate_roll, "shift", "axis"),
    "Unstack": operation(translate_unstack, "num", "axis"),
}
"""The operations of Keras 3, by class."""

TENSORFLOW_OPERATIONS: Mapping[str, Translation] = {
    "BandPart": translate_band,
    "Gather": translate_gather,
    "GatherNd": translate_gather_nd,
    "SequenceMask": translate_sequence_mask,
    "StridedSlice": translate_strided_slice,
    "TfSlice": translate_slice,
}
"""Functions of TensorFlow that are not operations of Keras 3."""
