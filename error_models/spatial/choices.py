"""Small random draws that several error models share."""

import math
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Generic, Self, TypeVar

import numpy as np

Percentages = tuple[float, float]

T = TypeVar("T")

# Shares of 100 are not exact in binary.
_TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True)
class Weighted(Generic[T]):
    """Things to draw from, each as often as its frequency says.

    Attributes:
        items: the things; at least one.
        frequencies: one for each, not negative; only their ratios count. At least one is positive.
    """

    items: tuple[T, ...]
    frequencies: tuple[float, ...]
    _cumulative: tuple[float, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Add up the frequencies."""
        object.__setattr__(self, "_cumulative", tuple(accumulate(self.frequencies)))

    def only(self, keep: Callable[[T], bool]) -> Self | None:
        """Give those things for which a test holds; None where none of them is ever drawn."""
        pairs = zip(self.items, self.frequencies, strict=True)
        kept = [(item, frequency) for item, frequency in pairs if frequency and keep(item)]
        if not kept:
            return None
        return type(self)(tuple(item for item, _ in kept), tuple(each for _, each in kept))

    def shares(self) -> list[tuple[T, float]]:
        """Give each thing with its share of the draws; the shares add up to 1."""
        whole = self._cumulative[-1]
        pairs = zip(self.items, self.frequencies, strict=True)
        return [(item, frequency / whole) for item, frequency in pairs]

    def draw(self, *, rng: np.random.Generator) -> T:
        """Draw one of the things."""
        at = bisect_right(self._cumulative, rng.random() * self._cumulative[-1])
        return self.items[min(at, len(self.items) - 1)]


def draw_share(
    percentages: Percentages, whole: int, *, least: int, most: int, rng: np.random.Generator
) -> int:
    """Draw how many of ``whole`` things make up a percentage.

    Every number whose percentage lies between the two given is equally likely. Where there is
    none, a percentage is drawn between the two, and its number rounded up or down at random so
    that it is right on average.

    Args:
        percentages: the lower and the upper percentage, from 0 to 100.
        whole: number of things that are 100 percent.
        least: what is drawn is at least this, whatever the percentages.
        most: what is drawn is at most this, whatever the percentages; not below ``least``.
        rng: the source of randomness.
    """
    lower, upper = percentages[0] * whole / 100, percentages[1] * whole / 100
    first, last = math.ceil(lower - _TOLERANCE), math.floor(upper + _TOLERANCE)
    if first > last:
        first = last = math.floor(lower + (upper - lower) * rng.random() + rng.random())
    # Plain comparisons, which take half as long as min and max.
    first = least if first < least else most if first > most else first
    last = least if last < least else most if last > most else last
    return first if first == last else int(rng.integers(first, last + 1))


def draw_numbers(least: int, greatest: int, size: int, *, rng: np.random.Generator) -> list[int]:
    """Draw whole numbers from one to another, both included; as ``rng.integers`` with a size does.

    Args:
        least: the least number.
        greatest: the greatest number.
        size: how many.
        rng: the source of randomness.
    """
    # NumPy takes longer to be asked for an array than to draw a few numbers one by one.
    if size < 4:
        return [int(rng.integers(least, greatest + 1)) for _ in range(size)]
    drawn: list[int] = rng.integers(least, greatest + 1, size=size).tolist()
    return drawn


def draw_mask(length: int, count: int, *, rng: np.random.Generator) -> np.ndarray:
    """Draw ``count`` of ``length`` positions, without replacement.

    Returns:
        bool, shape ``(length,)``; True at the positions drawn.
    """
    few = count <= length // 2
    size = count if few else length - count
    mask = np.zeros(length, dtype=bool)
    if size:
        mask[rng.choice(length, size, replace=False, shuffle=False)] = True
    return mask if few else np.logical_not(mask, out=mask)
