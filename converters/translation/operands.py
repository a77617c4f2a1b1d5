"""Reads the operands of an operation: tensors, numbers, and arrays of constants."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import helper

from onnxfi.converters.translation.graph_builder import GraphBuilder
from onnxfi.converters.translation.layer_call import LayerCall
from onnxfi.converters.translation.tensor import Tensor

FLOATS = ("float16", "float32")
"""Types in which a converted model computes."""

Operand = Tensor | NDArray[Any]


def shown(value: Any) -> str:
    """Return an argument as a few words for a message; a tensor is ``a tensor``."""
    if isinstance(value, Tensor):
        return "a tensor"
    if isinstance(value, list | tuple):
        value = [shown(x) if isinstance(x, Tensor | list | tuple) else x for x in value]
    return str(value)[:60]


def operands(call: LayerCall, count: int | None = None) -> list[Operand]:
    """Return the positional arguments of an operation: tensors, and constants as arrays.

    Raises:
        ModelFormatError: there are others than `count` of them.
        UnsupportedLayerError: one is neither a tensor nor made of numbers.
    """
    if count is not None and len(call.arguments) != count:
        raise call.wrong_inputs(f"{count} arguments, got {len(call.arguments)}")
    return [as_operand(call, value) for value in call.arguments]


def as_operand(call: LayerCall, value: Any) -> Operand:
    """Return one argument as `operands` does."""
    if isinstance(value, Tensor):
        return value
    if isinstance(value, dict):  # the form in which Keras 3 stores an array
        config = value.get("config")
        value = config.get("value") if isinstance(config, dict) else None
    try:
        array = np.asarray(value)
    except ValueError:  # lists of different lengths
        array = np.asarray("")
    if array.dtype.kind not in "bif":
        raise call.options.unsupported(f"is called on the constant {shown(value)!r}")
    return array


def of_one_type(call: LayerCall, values: Sequence[Operand], graph: GraphBuilder) -> list[Operand]:
    """Return operands of the type in which Keras computes with them.

    Raises:
        UnsupportedLayerError: they are whole numbers of several types, or a whole number meets
            constants that are not whole.
    """
    types = {x.dtype for x in values if isinstance(x, Tensor)}
    if not types:
        raise call.options.unsupported("is called on constants alone")
    floats = sorted(types & set(FLOATS))
    target = floats[-1] if floats else min(types)
    if not floats and len(types) > 1:
        raise call.options.unsupported(f"is called on tensors of the types {sorted(types)}")
    same: list[Operand] = []
    for value in values:
        if isinstance(value, Tensor):
            same.append(cast(value, target, graph))
            continue
        if not floats and value.dtype.kind == "f":
            raise call.options.unsupported(f"is called on {target} and on {value.tolist()}")
        same.append(value.astype(target))
    return same


def cast(tensor: Tensor, dtype: str, graph: GraphBuilder) -> Tensor:
    """Return a tensor in a type, through a Cast if it has another type."""
    if tensor.dtype == dtype:
        return tensor
    element = helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
    return replace(graph.apply("Cast", tensor, to=element), dtype=dtype)


def aligned(values: Sequence[Operand], graph: GraphBuilder) -> list[Tensor]:
    """Return operands as tensors that broadcast by the rules of NumPy in their stored layout.

    Tensors of one rank share a layout; a constant is converted to the layout of the tensors.
    """
    tensors = [x for x in values if isinstance(x, Tensor)]
    rank = max(x.rank if isinstance(x, Tensor) else x.ndim for x in values)
    if all(x.rank == rank for x in tensors):
        laid_out = iter(graph.same_layout(tensors))
    else:
        laid_out = iter([graph.channels_last(x) for x in tensors])
    first = (
        rank >= 3
        and all(x.rank == rank for x in tensors)
        and any(x.channels_first for x in tensors)
    )
    result = []
    for value in values:
        if isinstance(value, Tensor):
            result.append(next(laid_out))
            continue
        stored = value
        if first and value.ndim:
            stored = np.moveaxis(value.reshape((1,) * (rank - value.ndim) + value.shape), -1, 1)
        name = graph.constant("number", stored, str(value.dtype))
        result.append(Tensor(name, value.shape, first, str(value.dtype)))
    return result


def broadcast(tensors: Sequence[Tensor]) -> Tensor:
    """Return a tensor with the shape, the layout and the channels of a broadcast of several."""
    model = max(tensors, key=lambda x: x.rank)
    shape: list[int | None] = [1] * model.rank
    for tensor in tensors:
        for axis in range(-tensor.rank, 0):
            if shape[axis] == 1 or shape[axis] is None:
                size = tensor.shape[axis]
                shape[axis] = shape[axis] if size == 1 else size
    return replace(model, shape=tuple(shape))


def axes_of(call: LayerCall, value: Any, rank: int) -> list[int]:
    """Return an axis, several, or (None) all, counted from the front, in their order.

    Raises:
        ModelFormatError: it is no axis of a tensor of that rank.
    """
    if value is None:
        return list(range(rank))
    axes = value if isinstance(value, list | tuple) else [value]
    if not all(isinstance(x, int) and -rank <= x < rank for x in axes):
        raise call.options.wrong("axis", value, f"axes of a tensor of rank {rank}")
    return [axis % rank for axis in axes]


def one_axis(call: LayerCall, rank: int) -> int:
    """Return the option ``axis`` of an operation, counted from the front.

    Raises:
        UnsupportedLayerError: there is none: the operation goes over the flat tensor.
    """
    if call.options.get("axis") is None:
        raise call.options.unsupported("goes over all elements, those of the batch too (axis=None)")
    (axis,) = axes_of(call, call.options.integer("axis"), rank)
    return axis
