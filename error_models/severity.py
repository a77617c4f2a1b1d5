"""Scores faults by what is known of them without running the network."""

import numpy as np

from onnxfi.error_models.values.value_class import to_float64


def log2_norm(golden: np.ndarray) -> float:
    """Return log2 of the root of a tensor's summed squared finite values; 0 if all are zero.

    Subtracted from `severities`, it makes corruptions of different tensors comparable.
    """
    finite = to_float64(golden.reshape(-1))
    finite = np.abs(finite[np.isfinite(finite)])
    largest = float(finite.max(initial=0.0))
    if not largest:
        return 0.0
    # Scaled by the largest value, whose square could overflow.
    return float(np.log2(largest) + np.log2(np.square(finite / largest).sum()) / 2)


def severities(replaced: np.ndarray, values: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Return the severity of each corruption: how far it moves its tensor.

    It is log2 of the root of the summed squared changes; infinite where a value is not finite, and
    minus infinite where nothing changes. Which sites and bits are hit is in it: a flip of a high
    exponent bit, or of many values, moves a tensor farther.

    Args:
        replaced: shape ``(K,)``, the golden values at the sites of one corruption after the other.
        values: shape ``(K,)``, the values written there.
        sizes: int64, shape ``(N,)``, the number of sites of each corruption.

    Returns:
        float64, shape ``(N,)``.
    """
    owners = np.repeat(np.arange(sizes.size), sizes)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        changes = to_float64(values) - to_float64(replaced)
        changes[~np.isfinite(changes)] = np.inf
        # Scaled by the largest change of each corruption, whose square would overflow.
        largest = np.zeros(sizes.size)
        np.maximum.at(largest, owners, np.abs(changes))
        scaled = np.where(changes == 0, 0.0, changes / largest[owners])
        scaled[np.isnan(scaled)] = 1.0
        squares = np.bincount(owners, scaled**2, minlength=sizes.size)
        return np.asarray(np.log2(largest) + np.log2(np.maximum(squares, 1.0)) / 2)
