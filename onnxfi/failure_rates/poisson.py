"""Computes exact confidence limits of Poisson counts."""

import math
from collections.abc import Callable


def poisson_limits(count: int, *, confidence: float = 0.95) -> tuple[float, float]:
    """Return the exact two-sided limits of the mean of a Poisson count.

    They are half the quantiles of chi-squared at 2 k and 2 k + 2 degrees of freedom. Source:
    F. Garwood, Biometrika 28 (1936), 437-442; JESD89A uses the same for beam tests.

    Args:
        count: the count k.
        confidence: the coverage, at least.
    """
    tail = (1 - confidence) / 2
    low = 0.0 if count == 0 else _solve(lambda mean: _above(count, mean) - tail, count)
    high = _solve(lambda mean: tail - _up_to(count, mean), count + 1)
    return low, high


def _up_to(count: int, mean: float) -> float:
    """Return the probability of at most `count` events."""
    if mean <= 0:
        return 1.0
    return math.fsum(
        math.exp(k * math.log(mean) - mean - math.lgamma(k + 1)) for k in range(count + 1)
    )


def _above(count: int, mean: float) -> float:
    """Return the probability of at least `count` events."""
    return 1 - _up_to(count - 1, mean)


def _solve(rising: Callable[[float], float], near: float) -> float:
    """Return the root of a rising function of a mean, by bisection."""
    low, high = 0.0, near + 10 * math.sqrt(near) + 10
    for _ in range(200):
        middle = (low + high) / 2
        if rising(middle) < 0:
            low = middle
        else:
            high = middle
    return (low + high) / 2
