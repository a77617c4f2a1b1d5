"""shattered_channel: a position common to all corrupted channels, and values around it."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from onnxfi.error_models.sites.canonical_layout import Shape
from onnxfi.error_models.spatial.patterns.geometry.channels import (
    CHANNEL_PERCENTAGES,
    draw_channels,
)
from onnxfi.error_models.spatial.patterns.geometry.spans import (
    SPAN_NUMBERS,
    SPAN_PERCENTAGES,
    draw_span_sites,
    draw_starts_around,
    draw_widths,
    measure_spans,
)
from onnxfi.error_models.spatial.patterns.pattern import Numbers, Parameters


@dataclass(frozen=True, slots=True)
class ShatteredChannel:
    """Two or more channels with a span each, and one position that is corrupted in all of them.

    Each span is ``min_span_width`` to ``max_span_width`` wide and contains the common position.
    At least one has a width of two or more: otherwise the pattern would be bullet_wake.
    """

    numbers: ClassVar[dict[str, Numbers]] = SPAN_NUMBERS
    percentages: ClassVar[tuple[str, ...]] = (CHANNEL_PERCENTAGES, SPAN_PERCENTAGES)
    needs_channels: ClassVar[bool] = True

    def fits(self, shape: Shape) -> bool:
        """Return whether there are two channels of two values."""
        return shape[0] > 1 and shape[1] * shape[2] > 1

    def draw(self, shape: Shape, parameters: Parameters, *, rng: np.random.Generator) -> np.ndarray:
        """Draw the channels, the common position, the spans, and the corrupted values."""
        channels, rows, columns = shape
        area = rows * columns
        corrupted = draw_channels(channels, parameters, least=2, rng=rng)
        widths = draw_widths(corrupted.size, parameters, most=area, rng=rng)
        if widths.max() == 1:
            widths[rng.integers(widths.size)] = 2
        position = int(rng.integers(area))
        starts = draw_starts_around(position, widths, area, rng=rng)
        sharing = np.ones(corrupted.size, dtype=bool)
        return draw_span_sites(
            shape, corrupted, starts, widths, position, sharing, parameters, rng=rng
        )

    def belongs(self, sites: np.ndarray, shape: Shape) -> bool:
        """Return whether all corrupted channels share a position, and there are other positions."""
        area = shape[1] * shape[2]
        channels = np.unique(sites // area).size
        positions, counts = np.unique(sites % area, return_counts=True)
        return bool(channels > 1 and positions.size > 1 and counts.max() == channels)

    def measure(self, sites: np.ndarray, shape: Shape) -> Parameters:
        """Return the parameters of the channels and spans."""
        return measure_spans(sites, shape)
