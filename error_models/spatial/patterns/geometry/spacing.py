"""Draws positions in a line with given distances."""

from itertools import accumulate

import numpy as np

from onnxfi.error_models.spatial.choices import draw_numbers


def draw_spaced(
    length: int, count: int, skips: tuple[int, int], *, rng: np.random.Generator
) -> np.ndarray:
    """Draw positions in a line, with distances drawn between two skips.

    If the line is too short, the lower skip is reduced until it fits. Then the drawn distances are
    shortened at random, but not below the lower skip.

    Args:
        length: number of positions in the line.
        count: number of positions to draw, from 1 to ``length``.
        skips: the lowest and the highest distance.
        rng: the source of randomness.

    Returns:
        int64, shape ``(count,)``; ascending, from 0 to ``length - 1``.
    """
    if count == 1:
        return np.array([rng.integers(length)], np.int64)
    least = min(skips[0], (length - 1) // (count - 1))
    greatest = max(min(skips[1], length - 1), least)
    room = length - 1 - (count - 1) * least
    extra = draw_numbers(0, greatest - least, count - 1, rng=rng)
    if sum(extra) > room:
        extra = rng.multivariate_hypergeometric(extra, room).tolist()
    return _place([least + each for each in extra], length, rng=rng)


def draw_spaced_over(
    length: int, count: int, span: int, skips: tuple[int, int], *, rng: np.random.Generator
) -> np.ndarray:
    """Draw positions in a line as ``draw_spaced`` does, with a given width from first to last.

    Args:
        length: number of positions in the line.
        count: number of positions to draw, at least 2.
        span: width from the first to the last, both included; possible for count, skips and length.
        skips: the lowest and the highest distance.
        rng: the source of randomness.
    """
    least, greatest = skips
    room = span - 1 - (count - 1) * least
    extra = rng.multivariate_hypergeometric([greatest - least] * (count - 1), room)
    return _place((least + extra).tolist(), length, rng=rng)


def _place(distances: list[int], length: int, *, rng: np.random.Generator) -> np.ndarray:
    first = int(rng.integers(length - sum(distances)))
    return np.array([*accumulate(distances, initial=first)], np.int64)
