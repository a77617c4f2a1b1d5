"""Draws faults for all frameworks, and measures the difference of their effects.

Injection sites are flat indices into a tensor of one sample with the channels first. The values are
drawn once, from the golden tensor of the source framework, so that every framework writes the same.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from onnxfi.error_models import BitFlip, Corruption, RandomValue

Faults = Mapping[str, Corruption]
"""The corruptions of one faulty execution, by the name of a layer, an input or a weight."""


def draw_corruption(golden: np.ndarray, *, rng: np.random.Generator) -> Corruption:
    """Draw up to eight large values, or flip a high bit of up to eight values: a coin decides.

    Not bit 30: its values overflow later, and a runtime that multiplies in another order reaches
    infinity sooner.
    """
    count = min(int(rng.integers(1, 9)), golden.size)
    largest = max(float(np.abs(golden).max()), 1.0)
    error_model = (
        RandomValue(low=10 * largest, high=1000 * largest, count=count)
        if rng.integers(2)
        else BitFlip(int(rng.choice([26, 27, 28, 29, 31])), count=count)
    )
    return error_model.sample(golden, channel_axis=None, rng=rng)


def overwrite(tensor: np.ndarray, corruption: Corruption) -> np.ndarray:
    """Write the values of a corruption into a tensor with the channels first, and return it."""
    tensor.flat[corruption.indices] = corruption.values
    return tensor


def overwrite_rows(name: str, tensor: np.ndarray, injections: Sequence[Faults]) -> None:
    """Write into each row of a batch the corruption of its injection in the named tensor."""
    for row, faults in zip(tensor, injections, strict=True):
        if name in faults:
            overwrite(row, faults[name])


def relative_difference(one: np.ndarray, other: np.ndarray) -> float:
    """Return the largest difference as a fraction of the largest finite value of `other`.

    Infinite if the two have another shape, or NaN or an infinity in other places.
    """
    if one.shape != other.shape or not (
        np.array_equal(np.isnan(one), np.isnan(other))
        and np.array_equal(one[np.isinf(one)], other[np.isinf(other)])
    ):
        return np.inf
    finite = np.isfinite(other)
    if not finite.any():
        return 0.0
    one, other = one[finite].astype(np.float64), other[finite].astype(np.float64)
    return float(np.abs(one - other).max() / max(np.abs(other).max(), np.finfo(np.float32).tiny))
