"""quasi_shattered_channel: a position common to some of the corrupted channels."""

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
class QuasiShatteredChannel:
    """Three or more channels with a span each, and a position common to some of them but not all.

    Each span is ``min_span_width`` to ``max_span_width`` wide. Two or more spans, but not all,
    contain the common position. One of the others, the odd one, does not overlap with one of these,
    so that no position is common to all channels.
    """

    numbers: ClassVar[dict[str, Numbers]] = SPAN_NUMBERS
    percentages: ClassVar[tuple[str, ...]] = (CHANNEL_PERCENTAGES, SPAN_PERCENTAGES)
    needs_channels: ClassVar[bool] = True

    def fits(self, shape: Shape) -> bool:
        """Return whether there are three channels of two values."""
        return shape[0] > 2 and shape[1] * shape[2] > 1

    def draw(self, shape: Shape, parameters: Parameters, *, rng: np.random.Generator) -> np.ndarray:
        """Draw the channels, those that share a position, the spans, and the corrupted values."""
        channels, rows, columns = shape
        area = rows * columns
        corrupted = draw_channels(channels, parameters, least=3, rng=rng)
        count = corrupted.size
        # Smaller than the area, so that the odd span has room beside one of the others.
        widths = draw_widths(count, parameters, most=area - 1, rng=rng)
        position = int(rng.integers(area))
        starts = rng.integers(area - widths + 1)
        order = rng.permutation(count)
        sharers, odd = np.split(order, [rng.integers(2, count)])
        starts[sharers] = draw_starts_around(position, widths[sharers], area, rng=rng)
        narrowest = sharers[np.argmin(widths[sharers])]
        starts[odd[0]], widths[odd[0]] = _beside(
            int(starts[narrowest]), int(widths[narrowest]), int(widths[odd[0]]), area, rng=rng
        )
        sharing = np.zeros(count, dtype=bool)
        sharing[sharers] = True
        return draw_span_sites(
            shape, corrupted, starts, widths, position, sharing, parameters, rng=rng
        )

    def belongs(self, sites: np.ndarray, shape: Shape) -> bool:
        """Return whether two channels have a position in common, and no position is in all."""
        area = shape[1] * shape[2]
        channels = np.unique(sites // area).size
        _, counts = np.unique(sites % area, return_counts=True)
        return bool(1 < counts.max() < channels)

    def measure(self, sites: np.ndarray, shape: Shape) -> Parameters:
        """Return the parameters of the channels and spans."""
        return measure_spans(sites, shape)


def _beside(
    start: int, width: int, wanted: int, area: int, *, rng: np.random.Generator
) -> tuple[int, int]:
    """Draw a span that does not overlap with a given one, narrower than wanted if room is short."""
    before, after = start, area - start - width
    if rng.integers(before + after) < before:
        fitting = min(wanted, before)
        return int(rng.integers(before - fitting + 1)), fitting
    fitting = min(wanted, after)
    return start + width + int(rng.integers(after - fitting + 1)), fitting
