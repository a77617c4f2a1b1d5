"""Rounds numbers to a dtype, and gives the limits of its values."""

from functools import cache

import ml_dtypes
import numpy as np

from onnxfi.error_models.values.bit_layout import bit_layout


@cache
def integer_limits(dtype: np.dtype) -> tuple[int, int]:
    """Return the lowest and the highest value of an integer dtype; 0 and 1 for bool."""
    if dtype.kind == "b":
        return 0, 1
    limits = ml_dtypes.iinfo(dtype)
    return int(limits.min), int(limits.max)


@cache
def largest_float(dtype: np.dtype) -> float:
    """Return the highest finite value of a float dtype."""
    return float(ml_dtypes.finfo(dtype).max)


def round_to(values: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """Round numbers to a dtype.

    Floats are rounded by the rules of the dtype: numbers that are too large become infinite, or NaN
    if the dtype has no infinity. For integers and bool, numbers are rounded to the nearest integer,
    ties to even, and then clipped to the limits of the dtype.

    Args:
        values: float64, any shape; not NaN for integers and bool.
        dtype: one with a bit layout.
    """
    if bit_layout(dtype).kind == "float":
        with np.errstate(over="ignore"):
            floats: np.ndarray = values.astype(dtype)
        return floats
    least, greatest = integer_limits(dtype)
    # The highest 64-bit integers have no exact float64, and the next float64 is out of range.
    below = np.nextafter(float(greatest), 0.0)
    rounded = np.rint(values)
    integers: np.ndarray = np.clip(rounded, least, below).astype(dtype)
    integers[rounded >= float(greatest)] = greatest
    return integers
