"""Converts values that a user writes for graph inputs to arrays."""

from typing import Any

import numpy as np

from onnxfi.errors import InputError
from onnxfi.graph import format_shape
from onnxfi.onnx_ir import ir


def array_of_value(value: ir.Value, said: Any) -> np.ndarray:
    """Return a number, a text or a nested list as an array for a graph input.

    A single value fills the shape of the input; open axes get length 1.

    Raises:
        InputError: the input has another dtype, or the lists differ in length.
    """
    dtype = value.dtype
    try:
        written = np.asarray(said)
    except ValueError as error:
        raise _refused(value, said, "lists of the same length at each level") from error
    if dtype is None:
        array = written
    elif dtype == ir.DataType.STRING:
        if written.dtype.kind != "U":
            raise _refused(value, said, "text")
        array = written.astype(object)
    elif written.dtype.kind not in "biuf":
        raise _refused(value, said, f"numbers, to become {dtype.numpy()}")
    else:
        array = _cast(value, said, written, dtype)
    if array.ndim == 0 and value.shape is not None:
        array = np.full([x if isinstance(x, int) else 1 for x in value.shape], array, array.dtype)
    return array


def _cast(value: ir.Value, said: Any, written: np.ndarray, dtype: ir.DataType) -> np.ndarray:
    wanted = dtype.numpy()
    with np.errstate(all="ignore"):  # what does not fit is found below
        array = written.astype(wanted)
        back = array.astype(written.dtype)
    held = (
        np.isfinite(array) >= np.isfinite(written) if dtype.is_floating_point() else back == written
    )
    if not np.all(held):
        raise _refused(value, said, f"numbers that {wanted} can hold")
    return array


def _refused(value: ir.Value, said: Any, expected: str) -> InputError:
    shape = None if value.shape is None else tuple(value.shape)
    return InputError(
        f"The value of the input {value.name!r}, of shape {format_shape(shape)}, must be {expected}"
        f", got {said!r}."
    )
