"""Classifies corrupted values as zero, nan, in_range, out_of_range or flip."""

from typing import Literal

import numpy as np

from onnxfi.error_models.values.bit_layout import bit_layout
from onnxfi.error_models.values.value_range import value_range

ValueClass = Literal["zero", "nan", "in_range", "out_of_range", "flip"]
VALUE_CLASSES: tuple[ValueClass, ...] = ("out_of_range", "nan", "zero", "flip", "in_range")


def to_float64(values: np.ndarray) -> np.ndarray:
    """Return the values as float64; a signalling NaN becomes a quiet one."""
    with np.errstate(invalid="ignore"):
        return values.astype(np.float64)


def finite_range(tensor: np.ndarray) -> tuple[float, float]:
    """Return the lowest and the highest finite element; (0, 0) if there is none."""
    low, high = value_range(tensor) or (0, 0)
    return float(low), float(high)


def classify_values(
    golden: np.ndarray, values: np.ndarray, *, low: float, high: float
) -> list[ValueClass]:
    """Return the value class of each corrupted value.

    Decided in this order: **nan**, a NaN or an infinity; **zero**; **flip**, exactly one bit
    differs from the golden value; **in_range**, between the golden tensor's lowest and highest
    element; **out_of_range**, all others.

    Args:
        golden: the golden values at the injection sites, shape (K,).
        values: the values written there, same shape and dtype.
        low: lowest finite element of the golden tensor.
        high: highest finite element of the golden tensor.
    """
    numbers = class_numbers(golden, values, low=low, high=high)
    return [VALUE_CLASSES[x] for x in numbers.tolist()]


def class_numbers(golden: np.ndarray, values: np.ndarray, *, low: float, high: float) -> np.ndarray:
    """Return the value class of each corrupted value as an int8 index into `VALUE_CLASSES`."""
    unsigned = bit_layout(values.dtype).unsigned
    flipped = np.bitwise_count(golden.view(unsigned) ^ values.view(unsigned)) == 1
    wide = to_float64(values)
    conditions = [~np.isfinite(wide), wide == 0, flipped, (wide >= low) & (wide <= high)]
    return np.select(conditions, [1, 2, 3, 4], 0).astype(np.int8)
