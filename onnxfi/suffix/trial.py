"""Values like golden ones, to try things on, and comparing what comes of them."""

from typing import Any

import numpy as np

# So many of the elements are drawn anew; the others are moved.
_DRAWN = 1 / 8


def perturbed(value: Any, rng: np.random.Generator, *, signed: bool = False) -> Any:
    """Return an array that differs from a golden one in all floats, and is never all constant.

    Each element is moved by up to a half. Zeros, what is not finite, and some of the others are
    drawn anew, of many magnitudes. Integers of 8 bits are drawn anew; what is no such array is
    returned as it is: it may say where elements lie, or how many there are.

    Args:
        value: the golden value.
        rng: draws the numbers.
        signed: whether numbers of both signs are drawn where the golden value has one sign alone:
            a variance, say, or what follows a Relu.
    """
    if not isinstance(value, np.ndarray):
        return value
    if value.dtype.kind in "iu" and value.dtype.itemsize == 1:
        limits = np.iinfo(value.dtype)
        return rng.integers(limits.min, limits.max, value.shape, value.dtype, endpoint=True)
    if value.dtype.kind != "f":
        return value
    golden = value.astype(np.float64)
    finite = golden[np.isfinite(golden)]
    scale = float(np.abs(finite).max(initial=0)) or 1.0
    drawn = scale * rng.normal(0, 1, value.shape) * np.exp2(-rng.integers(0, 8, value.shape))
    if not signed and (finite >= 0).all() and finite.any():
        drawn = np.abs(drawn)
    anew = (rng.random(value.shape) < _DRAWN) | (golden == 0) | ~np.isfinite(golden)
    moved = np.where(anew, drawn, golden * rng.uniform(0.5, 1.5, value.shape))
    largest = float(np.finfo(value.dtype).max)
    return np.asarray(np.clip(moved, -largest, largest), value.dtype)


def have_same_bits(one: np.ndarray, other: np.ndarray) -> bool:
    """Return whether all bits are the same, but for a NaN's: they depend on its place."""
    if one.shape != other.shape or one.dtype != other.dtype:
        return False
    if one.tobytes() == other.tobytes():
        return True
    if one.dtype.kind != "f":
        return False
    nans = np.isnan(one)
    same_nans = np.array_equal(nans, np.isnan(other))
    return same_nans and one[~nans].tobytes() == other[~nans].tobytes()


def bit_equal(golden: Any, faulty: Any) -> bool:
    """Return whether two outputs are the same, bit by bit."""
    if golden is faulty:
        return True
    if isinstance(golden, list) and isinstance(faulty, list):  # sequences of tensors
        return len(golden) == len(faulty) and all(map(bit_equal, golden, faulty))
    if golden is None or faulty is None:  # an optional without a value
        return False
    if golden.dtype == object:  # strings
        return bool(np.array_equal(golden, faulty))
    return bool(golden.shape == faulty.shape and golden.tobytes() == faulty.tobytes())
