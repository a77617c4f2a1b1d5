"""Draws and measures values of one line, for same_row and same_column."""

import math
from typing import Final

import numpy as np

from onnxfi.error_models.spatial.choices import Percentages
from onnxfi.error_models.spatial.patterns.geometry.spacing import draw_spaced_over
from onnxfi.error_models.spatial.patterns.pattern import AT_LEAST_1, Numbers, Parameters, percentage

LINE_NUMBERS: Final[dict[str, Numbers]] = {
    "max_cardinality": AT_LEAST_1,
    "min_value_skip": AT_LEAST_1,
    "max_value_skip": AT_LEAST_1,
}


def draw_in_line(
    length: int, parameters: Parameters, percentages: Percentages, *, rng: np.random.Generator
) -> np.ndarray:
    """Draw two or more positions in a row or a column.

    There are at most ``max_cardinality`` positions, with distances from ``min_value_skip`` to
    ``max_value_skip``. They make up the percentage of the line from the first to the last position,
    both included. All numbers of positions that satisfy these rules are equally likely. If there
    are none, the percentages are ignored.

    Args:
        length: number of positions in the line, at least 2.
        parameters: the parameters named above.
        percentages: the lower and upper percentage.
        rng: the source of randomness.

    Returns:
        int64, shape ``(K,)``; ascending, from 0 to ``length - 1``.
    """
    numbers = parameters.numbers
    least = min(numbers["min_value_skip"], length - 1)
    greatest = max(min(numbers["max_value_skip"], length - 1), least)
    most = max(min(numbers["max_cardinality"], (length - 1) // least + 1), 2)
    counts = np.arange(2, most + 1)
    shortest = (counts - 1) * least + 1
    longest = np.minimum((counts - 1) * greatest + 1, length)
    low, high = (max(share, 1e-6) / 100 for share in percentages)
    first = np.maximum(np.ceil(counts / high - 1e-9), shortest).astype(np.int64)
    last = np.minimum(np.floor(counts / low + 1e-9), longest).astype(np.int64)
    suitable = np.flatnonzero(first <= last)
    if not suitable.size:
        first, last = shortest, longest
        suitable = np.arange(counts.size)
    at = suitable[math.floor(rng.random() * suitable.size)]
    span = int(rng.integers(first[at], last[at] + 1))
    return draw_spaced_over(length, int(counts[at]), span, (least, greatest), rng=rng)


def measure_line(positions: np.ndarray, name: str) -> Parameters:
    """Return the parameters of ascending positions in a line.

    Args:
        positions: two or more.
        name: name of the percentages, which count the line from the first position to the last.
    """
    skips = np.diff(positions)
    return Parameters(
        {
            "max_cardinality": positions.size,
            "min_value_skip": int(skips.min()),
            "max_value_skip": int(skips.max()),
        },
        {name: percentage(positions.size, int(np.ptp(positions)) + 1)},
    )
