"""full_channels: more than half of every corrupted channel."""

from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np

from onnxfi.error_models.sites.canonical_layout import Shape
from onnxfi.error_models.spatial.choices import draw_mask, draw_share
from onnxfi.error_models.spatial.patterns.geometry.channels import (
    CHANNEL_NUMBERS,
    CHANNEL_PERCENTAGES,
    draw_channels,
    measure_channels,
)
from onnxfi.error_models.spatial.patterns.pattern import Numbers, Parameters, percentage

_DENSITY: Final = "avg_channel_corruption_pct"


@dataclass(frozen=True, slots=True)
class FullChannels:
    """One or more channels, ``avg_channel_corruption_pct`` of each corrupted.

    More than half of each channel is corrupted, whatever the percentages.
    """

    numbers: ClassVar[dict[str, Numbers]] = CHANNEL_NUMBERS
    percentages: ClassVar[tuple[str, ...]] = (CHANNEL_PERCENTAGES, _DENSITY)
    needs_channels: ClassVar[bool] = True

    def fits(self, shape: Shape) -> bool:
        """Return True: any shape fits."""
        return True

    def draw(self, shape: Shape, parameters: Parameters, *, rng: np.random.Generator) -> np.ndarray:
        """Draw the channels, and the corrupted values in each."""
        channels, rows, columns = shape
        area = rows * columns
        percentages = parameters.percentages[_DENSITY]
        corrupted = draw_channels(channels, parameters, least=1, rng=rng)
        drawn = []
        for channel in corrupted.tolist():
            count = draw_share(percentages, area, least=area // 2 + 1, most=area, rng=rng)
            drawn.append(channel * area + draw_mask(area, count, rng=rng).nonzero()[0])
        return np.concatenate(drawn)

    def belongs(self, sites: np.ndarray, shape: Shape) -> bool:
        """Return whether more than half of every corrupted channel is corrupted."""
        area = shape[1] * shape[2]
        _, counts = np.unique(sites // area, return_counts=True)
        return bool((2 * counts > area).all())

    def measure(self, sites: np.ndarray, shape: Shape) -> Parameters:
        """Return the parameters of the channels."""
        area = shape[1] * shape[2]
        channels = measure_channels(shape[0], sites, area)
        whole = channels.numbers["max_corrupted_channels"] * area
        return channels | Parameters({}, {_DENSITY: percentage(sites.size, whole)})
