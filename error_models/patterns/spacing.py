"""Positions in a line, some distance apart."""

import numpy as np


def draw_spaced(
    length: int, count: int, skips: tuple[int, int], *, rng: np.random.Generator
) -> np.ndarray:
    """Draw positions in a line; the distance from each to the next is drawn between two skips.

    Where the line is too short, the least skip is lowered to what fits, and then the distances
    drawn are shortened at random, but not below the least skip.

    Args:
        length: number of positions in the line.
        count: number of positions to draw, from 1 to ``length``.
        skips: the least and the greatest distance.
        rng: the source of randomness.

    Returns:
        int64, shape ``(count,)``; ascending, from 0 to ``length - 1``.
    """
    if count == 1:
        return rng.integers(length, size=1)
    least = min(skips[0], (length - 1) // (count - 1))
    greatest = max(min(skips[1], length - 1), least)
    room = length - 1 - (count - 1) * least
    extra = rng.integers(greatest - least + 1, size=count - 1)
    if extra.sum() > room:
        extra = rng.multivariate_hypergeometric(extra, room)
    return _place(least + extra, length, rng=rng)


def draw_spaced_over(
    length: int, count: int, span: int, skips: tuple[int, int], *, rng: np.random.Generator
) -> np.ndarray:
    """Draw positions in a line as ``draw_spaced`` does, from first to last of a given width.

    Args:
        length: number of positions in the line.
        count: number of positions to draw, at least 2.
        span: width from the first to the last, both included; it suits count, skips and length.
        skips: the least and the greatest distance.
        rng: the source of randomness.
    """
    least, greatest = skips
    room = span - 1 - (count - 1) * least
    extra = rng.multivariate_hypergeometric(np.full(count - 1, greatest - least), room)
    return _place(least + extra, length, rng=rng)


def _place(distances: np.ndarray, length: int, *, rng: np.random.Generator) -> np.ndarray:
    positions = np.zeros(distances.size + 1, dtype=np.int64)
    np.cumsum(distances, out=positions[1:])
    positions += rng.integers(length - positions[-1])
    return positions
