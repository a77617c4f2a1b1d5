"""Tensors of any dtype, handed to ONNX Runtime and taken back bit by bit.

ONNX Runtime's Python API knows NumPy's own dtypes. The others (bfloat16, float8, int4; arrays of
ml_dtypes on our side) it takes as memory of a stated type: no cast, so a NaN keeps its payload.
"""

import ctypes
import math

import numpy as np
import onnx_ir as ir
import onnxruntime

from onnxfi.errors import InputError

# By ONNX Runtime's name for the type, such as ``tensor(bfloat16)``.
_BEYOND_NUMPY = {
    f"tensor({dtype.name.lower()})": dtype
    for dtype in ir.DataType
    if dtype != ir.DataType.UNDEFINED and dtype.numpy().isbuiltin != 1
}


def dtype_beyond_numpy(type_name: str) -> ir.DataType | None:
    """Return the dtype of a tensor if NumPy lacks it, otherwise None.

    Args:
        type_name: ONNX Runtime's name for the type of an input or output.
    """
    return _BEYOND_NUMPY.get(type_name)


def to_ort_value(array: np.ndarray, dtype: ir.DataType | None = None) -> onnxruntime.OrtValue:
    """Return an array as ONNX Runtime's own kind of tensor, which may share its memory.

    Args:
        array: any shape and memory layout; no strings.
        dtype: the dtype where NumPy lacks it, with an array of the ml_dtypes type; otherwise None.

    Raises:
        InputError: the array has another dtype.
    """
    array = np.asarray(array, order="C")
    if dtype is None:
        return onnxruntime.OrtValue.ortvalue_from_numpy(array)
    if array.dtype != dtype.numpy():
        raise InputError(f"The tensor must be {dtype.numpy()}, got {array.dtype}.")
    memory = array.view(f"u{array.itemsize}")
    if dtype.bitwidth < 8:
        memory = _pack(memory, dtype.bitwidth)
    return onnxruntime.OrtValue.ortvalue_from_numpy_with_onnx_type(memory, dtype.value)


def to_numpy(value: onnxruntime.OrtValue, dtype: ir.DataType | None = None) -> np.ndarray:
    """Return a tensor in main memory as an array.

    Args:
        value: a tensor.
        dtype: its dtype where NumPy lacks it, for an array of the ml_dtypes type; otherwise None.
    """
    if dtype is None:
        return np.asarray(value.numpy())
    shape = value.shape()
    size = math.prod(shape)
    memory = np.empty(math.ceil(size * dtype.itemsize), np.uint8)
    ctypes.memmove(memory.ctypes.data, value.data_ptr(), memory.nbytes)
    codes = memory if dtype.bitwidth >= 8 else _unpack(memory, dtype.bitwidth)[:size]
    return codes.view(dtype.numpy()).reshape(shape)


def _pack(codes: np.ndarray, width: int) -> np.ndarray:
    """Pack one element a byte into several, the first in the lowest bits.

    The result keeps the shape, which is the tensor's, so the rest of its memory is unused.
    """
    per_byte = 8 // width
    rows = np.zeros((-(-codes.size // per_byte), per_byte), np.uint8)
    rows.reshape(-1)[: codes.size] = codes.reshape(-1) & ((1 << width) - 1)
    packed = np.zeros(codes.shape, np.uint8)
    shifted = rows << np.arange(0, 8, width, dtype=np.uint8)
    packed.reshape(-1)[: len(rows)] = np.bitwise_or.reduce(shifted, axis=1)
    return packed


def _unpack(memory: np.ndarray, width: int) -> np.ndarray:
    shifts = np.arange(0, 8, width, dtype=np.uint8)
    codes: np.ndarray = (memory[:, None] >> shifts).reshape(-1) & ((1 << width) - 1)
    return codes
