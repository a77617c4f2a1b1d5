"""Numbers of a dtype: its limits, and the one nearest to a number."""

from functools import cache

import ml_dtypes
import numpy as np

from onnxfi.error_models.values.bit_layout import bit_layout


@cache
def integer_limits(dtype: np.dtype) -> tuple[int, int]:
    """Give the least and the greatest value of a dtype of integers, or of bool: 0 and 1."""
    if dtype.kind == "b":
        return 0, 1
    limits = ml_dtypes.iinfo(dtype)
    return int(limits.min), int(limits.max)


@cache
def largest_float(dtype: np.dtype) -> float:
    """Give the greatest finite value of a dtype of floats."""
    return float(ml_dtypes.finfo(dtype).max)


def round_to(values: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """Give numbers in another dtype.

    Floats are rounded as the dtype does it: what is too large becomes infinite, or NaN where the
    dtype has no infinity. For integers and bool the nearest whole number is taken, the even one of
    two, and then the nearest one that the dtype has.

    Args:
        values: float64, any shape; not NaN for integers and bool.
        dtype: one with a bit layout.
    """
    if bit_layout(dtype).kind == "float":
        with np.errstate(over="ignore"):
            floats: np.ndarray = values.astype(dtype)
        return floats
    least, greatest = integer_limits(dtype)
    # The greatest 64-bit integers are no float64, and the next one is too large to convert.
    below = np.nextafter(float(greatest), 0.0)
    rounded = np.rint(values)
    integers: np.ndarray = np.clip(rounded, least, below).astype(dtype)
    integers[rounded >= float(greatest)] = greatest
    return integers
