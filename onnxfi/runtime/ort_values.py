"""Converts tensors of any dtype to and from ONNX Runtime, bit by bit.

ONNX Runtime's Python API supports NumPy's own dtypes. It takes others (bfloat16, float8, int4;
ml_dtypes in NumPy) as memory of a stated type. Nothing is cast, so a NaN keeps its payload.
"""

import copy
import ctypes
import math
from collections.abc import Mapping
from dataclasses import dataclass

import ml_dtypes
import numpy as np
import onnxruntime

from onnxfi.errors import InputError


@dataclass(frozen=True, slots=True)
class DtypeBeyondNumpy:
    """A dtype that NumPy lacks.

    Attributes:
        value: ONNX's number for it.
        bitwidth: bits of an element.
        of_arrays: the ml_dtypes type of arrays.
    """

    value: int
    bitwidth: int
    of_arrays: np.dtype

    def numpy(self) -> np.dtype:
        """Return the dtype of arrays."""
        return self.of_arrays

    @property
    def itemsize(self) -> float:
        """Bytes of an element."""
        return self.bitwidth / 8


# ONNX's names and numbers, from its onnx.proto; ml_dtypes may be too old for the last ones.
_NAMED = {
    "bfloat16": (16, 16, "bfloat16"),
    "float8e4m3fn": (17, 8, "float8_e4m3fn"),
    "float8e4m3fnuz": (18, 8, "float8_e4m3fnuz"),
    "float8e5m2": (19, 8, "float8_e5m2"),
    "float8e5m2fnuz": (20, 8, "float8_e5m2fnuz"),
    "uint4": (21, 4, "uint4"),
    "int4": (22, 4, "int4"),
    "float4e2m1": (23, 4, "float4_e2m1fn"),
    "float8e8m0": (24, 8, "float8_e8m0fnu"),
    "uint2": (25, 2, "uint2"),
    "int2": (26, 2, "int2"),
    "float6e2m3": (27, 6, "float6_e2m3fn"),
    "float6e3m2": (28, 6, "float6_e3m2fn"),
}
# By ONNX Runtime's name for the type, such as ``tensor(bfloat16)``.
_BEYOND_NUMPY = {
    f"tensor({name})": DtypeBeyondNumpy(value, bits, np.dtype(getattr(ml_dtypes, of_arrays)))
    for name, (value, bits, of_arrays) in _NAMED.items()
    if hasattr(ml_dtypes, of_arrays)
}
_BY_VALUE = {x.value: x for x in _BEYOND_NUMPY.values()}


def dtype_beyond_numpy(type_name: str) -> DtypeBeyondNumpy | None:
    """Return the dtype of a tensor if NumPy lacks it, otherwise None.

    Args:
        type_name: ONNX Runtime's name for the type of an input or output.
    """
    return _BEYOND_NUMPY.get(type_name)


def dtype_of_number(value: int) -> DtypeBeyondNumpy | None:
    """Return the dtype with an ONNX number if NumPy lacks it, otherwise None."""
    return _BY_VALUE.get(value)


def to_ort_value(array: np.ndarray, dtype: DtypeBeyondNumpy | None = None) -> onnxruntime.OrtValue:
    """Return an array as a tensor of ONNX Runtime, which may share its memory.

    Args:
        array: any shape and memory layout; no strings.
        dtype: the dtype if NumPy lacks it, for an array of the ml_dtypes type; otherwise None.

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


def to_numpy(value: onnxruntime.OrtValue, dtype: DtypeBeyondNumpy | None = None) -> np.ndarray:
    """Return a tensor in main memory as an array.

    Args:
        value: a tensor.
        dtype: its dtype if NumPy lacks it, for an array of the ml_dtypes type; otherwise None.
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
    """Pack elements of one byte each into bytes of several, the first in the lowest bits.

    The result keeps the tensor's shape, so the rest of its memory is unused.
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


def copy_from_runtime(values: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return copies: a tensor of ONNX Runtime keeps all the memory of its session alive."""
    # Sequences of tensors are lists, and absent optionals None.
    return {name: copy.deepcopy(x) for name, x in values.items()}
