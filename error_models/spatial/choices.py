"""Makes random choices: weighted items, shares of a whole, numbers and masks."""

import math
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import Generic, Self, TypeVar

import numpy as np

Percentages = tuple[float, float]

T = TypeVar("T")

# Absolute; percentages of a whole are not exact in binary.
_TOLERANCE = 1e-9


@dataclass(frozen=True)
class Weighted(Generic[T]):
    """Items to draw from, each with a frequency.

    Attributes:
        items: the items; at least one.
        frequencies: one for each item, not negative; only their ratios matter. At least one is
            positive.
    """

    items: tuple[T, ...]
    frequencies: tuple[float, ...]

    @cached_property
    def _cumulative(self) -> tuple[float, ...]:
        return tuple(accumulate(self.frequencies))

    def only(self, keep: Callable[[T], bool]) -> Self | None:
        """Return the items that a test keeps; None if none of them can be drawn."""
        pairs = zip(self.items, self.frequencies, strict=True)
        kept = [(item, frequency) for item, frequency in pairs if frequency and keep(item)]
        if not kept:
            return None
        return type(self)(tuple(item for item, _ in kept), tuple(each for _, each in kept))

    def shares(self) -> list[tuple[T, float]]:
        """Return each item with its share of the draws; the shares add up to 1."""
        whole = self._cumulative[-1]
        pairs = zip(self.items, self.frequencies, strict=True)
        return [(item, frequency / whole) for item, frequency in pairs]

    def draw(self, *, rng: np.random.Generator) -> T:
        """Draw one of the items."""
        at = bisect_right(self._cumulative, rng.random() * self._cumulative[-1])
        return self.items[min(at, len(self.items) - 1)]


def draw_share(
    percentages: Percentages, whole: int, *, least: int, most: int, rng: np.random.Generator
) -> int:
    """Draw a number of items, out of ``whole``, between two percentages.

    All numbers between the two percentages are equally likely. If there are none, a percentage is
    drawn between the two, and its number is rounded up or down at random, so that the mean is
    right.

    Args:
        percentages: the lower and the upper percentage, from 0 to 100.
        whole: number of items that are 100 percent.
        least: lower limit of the number, whatever the percentages.
        most: upper limit of the number, whatever the percentages; not below ``least``.
        rng: the source of randomness.
    """
    lower, upper = percentages[0] * whole / 100, percentages[1] * whole / 100
    first, last = math.ceil(lower - _TOLERANCE), math.floor(upper + _TOLERANCE)
    if first > last:
        first = last = math.floor(lower + (upper - lower) * rng.random() + rng.random())
    # Plain comparisons take half as long as min and max.
    first = least if first < least else most if first > most else first
    last = least if last < least else most if last > most else last
    return first if first == last else int(rng.integers(first, last + 1))


def draw_numbers(least: int, greatest: int, size: int, *, rng: np.random.Generator) -> list[int]:
    """Draw integers between two limits, both included, as ``rng.integers`` with a size does.

    Args:
        least: the lowest number.
        greatest: the highest number.
        size: how many to draw.
        rng: the source of randomness.
    """
    # A few single draws are faster than one array.
    if size < 4:
        return [int(rng.integers(least, greatest + 1)) for _ in range(size)]
    drawn: list[int] = rng.integers(least, greatest + 1, size=size).tolist()
    return drawn


def draw_mask(length: int, count: int, *, rng: np.random.Generator) -> np.ndarray:
    """Draw ``count`` of ``length`` positions, without replacement.

    Returns:
        bool, shape ``(length,)``; True at the drawn positions.
    """
    few = count <= length // 2
    size = count if few else length - count
    mask = np.zeros(length, dtype=bool)
    if size:
        mask[rng.choice(length, size, replace=False, shuffle=False)] = True
    return mask if few else np.logical_not(mask, out=mask)
