"""The range of a tensor's values, and their mean and standard deviation."""

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
    if tensor.size == 0:
        return None
    with np.errstate(invalid="ignore"):
        values = tensor.astype(np.float64).reshape(-1)
        if not math.isfinite(values.min()) or not math.isfinite(values.max()):
            values = values[np.isfinite(values)]
    if not values.size:
        return None
    # Squares of large values would overflow.
    scale = max(-float(values.min()), float(values.max())) or 1.0
    values /= scale
    mean = float(values.mean())
    values -= mean
    values *= values  # not a product of BLAS, whose last bits depend on the machine
    return mean * scale, math.sqrt(float(values.mean())) * scale
