"""The range of a tensor's values."""

import math

import numpy as np


def value_range(tensor: np.ndarray) -> tuple[float, float] | None:
    """Give the least and the greatest finite value; None where there is none.

    Reads the whole tensor.

    Args:
        tensor: any shape and layout, of a dtype with a bit layout.

    Returns:
        Python floats, or ints for a tensor of integers or bool.
    """
    if tensor.size == 0:
        return None
    if tensor.dtype.kind in "biu":
        return int(tensor.min()), int(tensor.max())
    # ml_dtypes lack fast reductions, and every one of them fits float32.
    is_native = tensor.dtype.name in ("float16", "float32", "float64")
    with np.errstate(invalid="ignore"):
        wide = tensor if is_native else tensor.astype(np.float32)
        low, high = float(wide.min()), float(wide.max())
    if math.isfinite(low) and math.isfinite(high):
        return low, high
    finite = wide[np.isfinite(wide)]
    return (float(finite.min()), float(finite.max())) if finite.size else None


def mean_and_deviation(tensor: np.ndarray) -> tuple[float, float] | None:
    """Give the mean and the standard deviation of the finite values; None where there is none.

    The deviation is that of the values themselves (divided by their number). Reads the whole
    tensor.

    Args:
        tensor: any shape and layout, of a dtype with a bit layout.
    """
    with np.errstate(invalid="ignore"):
        wide = tensor.astype(np.float64)
    finite = wide[np.isfinite(wide)]
    if not finite.size:
        return None
    # Squares of large values would overflow.
    scale = float(np.abs(finite).max()) or 1.0
    finite /= scale
    return float(finite.mean()) * scale, float(finite.std()) * scale
