"""Computes the range, the mean and the standard deviation of a tensor's finite values."""

import math

import numpy as np


def value_range(tensor: np.ndarray) -> tuple[float, float] | None:
    """Return the lowest and the highest finite value; None if there is none.

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
    # ml_dtypes has no fast reductions; all its values fit float32.
    is_native = tensor.dtype.name in ("float16", "float32", "float64")
    with np.errstate(invalid="ignore"):
        wide = tensor if is_native else tensor.astype(np.float32)
        low, high = float(wide.min()), float(wide.max())
    if math.isfinite(low) and math.isfinite(high):
        return low, high
    finite = wide[np.isfinite(wide)]
    return (float(finite.min()), float(finite.max())) if finite.size else None


def mean_and_deviation(tensor: np.ndarray) -> tuple[float, float] | None:
    """Return the mean and standard deviation of the finite values; None if there are none.

    This is the population standard deviation, divided by the number of values. Reads the whole
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
    # Scaled, because squares of large values overflow.
    scale = max(-float(values.min()), float(values.max())) or 1.0
    values /= scale
    mean = float(values.mean())
    values -= mean
    values *= values  # no BLAS product: its last bits depend on the machine
    return mean * scale, math.sqrt(float(values.mean())) * scale
