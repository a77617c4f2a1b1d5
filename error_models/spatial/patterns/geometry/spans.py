"""Draws and measures spans: partly corrupted runs of positions, one in each channel."""

from typing import Final

import numpy as np

from onnxfi.error_models.sites.canonical_layout import Shape
from onnxfi.error_models.spatial.choices import draw_mask, draw_numbers, draw_share
from onnxfi.error_models.spatial.patterns.geometry.channels import CHANNEL_NUMBERS, measure_channels
from onnxfi.error_models.spatial.patterns.pattern import AT_LEAST_1, Numbers, Parameters, percentage

SPAN_NUMBERS: Final[dict[str, Numbers]] = CHANNEL_NUMBERS | {
    "min_span_width": AT_LEAST_1,
    "max_span_width": AT_LEAST_1,
}
SPAN_PERCENTAGES: Final = "avg_span_corruption_pct"


def draw_widths(
    count: int, parameters: Parameters, *, most: int, rng: np.random.Generator
) -> np.ndarray:
    """Draw span widths from ``min_span_width`` to ``max_span_width``, and at most ``most``."""
    least = min(parameters.numbers["min_span_width"], most)
    greatest = max(min(parameters.numbers["max_span_width"], most), least)
    return np.array(draw_numbers(least, greatest, count, rng=rng), np.int64)


def draw_starts_around(
    position: int, widths: np.ndarray, area: int, *, rng: np.random.Generator
) -> np.ndarray:
    """Draw the starts of spans that contain a position and fit the ``area`` of a channel."""
    first = np.maximum(position - widths + 1, 0)
    last = np.minimum(position, area - widths)
    starts: np.ndarray = rng.integers(first, last + 1)
    return starts


def draw_span_sites(
    shape: Shape,
    channels: np.ndarray,
    starts: np.ndarray,
    widths: np.ndarray,
    position: int,
    sharing: np.ndarray,
    parameters: Parameters,
    *,
    rng: np.random.Generator,
) -> np.ndarray:
    """Draw the corrupted values of the spans.

    They are ``avg_span_corruption_pct`` of all spans together: both ends of every span, the common
    position in the channels that share it, and others at random.

    Args:
        shape: the shape of the sample.
        channels: the corrupted channels, ascending, shape ``(K,)``.
        starts: the first position of the span in each channel, shape ``(K,)``.
        widths: the width of the span in each channel, shape ``(K,)``.
        position: the common position.
        sharing: bool, shape ``(K,)``; True for channels that share it. Their spans contain it.
        parameters: the parameter named above.
        rng: the source of randomness.

    Returns:
        Canonical sites, ascending.
    """
    ends = widths.cumsum()
    begins = ends - widths
    chosen = np.zeros(ends[-1], dtype=bool)
    chosen[begins] = True
    chosen[ends - 1] = True
    chosen[(begins + position - starts)[sharing]] = True
    sure = int(np.count_nonzero(chosen))
    percentages = parameters.percentages[SPAN_PERCENTAGES]
    total = draw_share(percentages, chosen.size, least=sure, most=chosen.size, rng=rng)
    if total > sure:
        chosen[~chosen] = draw_mask(chosen.size - sure, total - sure, rng=rng)
    origins = channels * (shape[1] * shape[2]) + starts - begins
    sites: np.ndarray = (origins.repeat(widths) + np.arange(chosen.size))[chosen]
    return sites


def measure_spans(sites: np.ndarray, shape: Shape) -> Parameters:
    """Return the parameters of the channels and of their spans, from first to last site."""
    area = shape[1] * shape[2]
    _, starts, counts = np.unique(sites // area, return_index=True, return_counts=True)
    widths = sites[starts + counts - 1] - sites[starts] + 1
    return measure_channels(shape[0], sites, area) | Parameters(
        {"min_span_width": int(widths.min()), "max_span_width": int(widths.max())},
        {SPAN_PERCENTAGES: percentage(sites.size, int(widths.sum()))},
    )
