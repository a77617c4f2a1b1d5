"""Describes the bits of each dtype, and inverts them."""

from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np

from onnxfi.errors import ErrorModelError

Kind = Literal["float", "signed", "unsigned", "bool"]

# Number of exponent and mantissa bits by name. Floats narrower than a byte are left out, because no
# operator computes with them; so is float8_e8m0fnu, which has no zero.
_FLOATS = {
    "float8_e3m4": (3, 4),
    "float8_e4m3": (4, 3),
    "float8_e4m3b11fnuz": (4, 3),
    "float8_e4m3fn": (4, 3),
    "float8_e4m3fnuz": (4, 3),
    "float8_e5m2": (5, 2),
    "float8_e5m2fnuz": (5, 2),
    "float16": (5, 10),
    "bfloat16": (8, 7),
    "float32": (8, 23),
    "float64": (11, 52),
}
# Number of bits of the integers of ml_dtypes by name: the low bits of a byte; the others are 0.
_NARROW_INTEGERS = {"int2": 2, "int4": 4, "uint2": 2, "uint4": 4}
# Only numpy's own integers: those of ml_dtypes have the kind "V".
_NUMPY_KINDS: dict[str, Kind] = {"i": "signed", "u": "unsigned", "b": "bool"}


@dataclass(frozen=True, slots=True)
class BitLayout:
    """The bits of one dtype, numbered from 0, the least significant.

    Attributes:
        kind: the kind of values.
        width: number of bits that carry the value; 1 for bool, although it fills a byte.
        sign: the sign bit; empty if the dtype has none.
        exponent: the exponent bits; empty for integers and bool.
        mantissa: the stored mantissa bits; empty for integers and bool.
        unsigned: the unsigned integer dtype of the same size, to view values as bits.
    """

    kind: Kind
    width: int
    sign: range
    exponent: range
    mantissa: range
    unsigned: np.dtype


@cache
def bit_layout(dtype: np.dtype) -> BitLayout:
    """Return the bit layout of a dtype.

    Raises:
        ErrorModelError: the dtype is not an integer, bool, or float of whole bytes.
    """
    none = range(0)
    kind = "float" if dtype.name in _FLOATS else _NUMPY_KINDS.get(dtype.kind)
    if dtype.name in _NARROW_INTEGERS:
        kind = "unsigned" if dtype.name.startswith("u") else "signed"
    if kind is None:
        raise ErrorModelError(
            "error models need a tensor of integers, bool, or floats of at least one byte each, "
            f"got the dtype {dtype}: choose another target"
        )
    unsigned = np.dtype(f"u{dtype.itemsize}").newbyteorder(dtype.byteorder)
    if dtype.name in _FLOATS:
        exponent, mantissa = _FLOATS[dtype.name]
        sign_at = exponent + mantissa
        return BitLayout(
            kind="float",
            width=sign_at + 1,
            sign=range(sign_at, sign_at + 1),
            exponent=range(mantissa, sign_at),
            mantissa=range(mantissa),
            unsigned=unsigned,
        )
    width = 1 if kind == "bool" else _NARROW_INTEGERS.get(dtype.name, dtype.itemsize * 8)
    sign = range(width - 1, width) if kind == "signed" else none
    return BitLayout(kind, width, sign, none, none, unsigned)


def bit_masks(bits: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """Return unsigned integers, of a dtype's size, with one bit set each.

    Args:
        bits: int16, shape ``(K,)``; each below the layout's width.
        dtype: one with a bit layout.
    """
    masks: np.ndarray = np.left_shift(1, bits, dtype=bit_layout(dtype).unsigned, casting="unsafe")
    return masks


def flip_bits(values: np.ndarray, bits: np.ndarray) -> np.ndarray:
    """Return the values with one bit of each inverted.

    Args:
        values: shape ``(K,)``, of a dtype with a bit layout.
        bits: int16, shape ``(K,)``; the bit of each value, below the layout's width.

    Returns:
        A new array of the shape and dtype of ``values``.
    """
    flipped: np.ndarray = values.view(bit_layout(values.dtype).unsigned) ^ bit_masks(
        bits, values.dtype
    )
    return flipped.view(values.dtype)
