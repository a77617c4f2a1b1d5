"""multiple_channels_uncategorized: values of several channels without common positions."""

from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np

from onnxfi.error_models.sites.canonical_layout import Shape
from onnxfi.error_models.spatial.choices import draw_share
from onnxfi.error_models.spatial.patterns.geometry.channels import (
    CHANNEL_NUMBERS,
    CHANNEL_PERCENTAGES,
    draw_channels,
    measure_channels,
)
from onnxfi.error_models.spatial.patterns.pattern import AT_LEAST_1, Numbers, Parameters, percentage

_DENSITY: Final = "avg_channel_corruption_pct"


@dataclass(frozen=True, slots=True)
class MultipleChannelsUncategorized:
    """Two or more channels, with no position corrupted in more than one of them.

    Each has ``min_errors_per_channel`` to ``max_errors_per_channel`` corrupted values. Together
    they are ``avg_channel_corruption_pct`` of these channels.
    """

    numbers: ClassVar[dict[str, Numbers]] = CHANNEL_NUMBERS | {
        "min_errors_per_channel": AT_LEAST_1,
        "max_errors_per_channel": AT_LEAST_1,
    }
    percentages: ClassVar[tuple[str, ...]] = (CHANNEL_PERCENTAGES, _DENSITY)
    needs_channels: ClassVar[bool] = True

    def fits(self, shape: Shape) -> bool:
        """Return whether there are two channels of two values."""
        return shape[0] > 1 and shape[1] * shape[2] > 1

    def draw(self, shape: Shape, parameters: Parameters, *, rng: np.random.Generator) -> np.ndarray:
        """Draw the channels, and the number and positions of corrupted values in each."""
        channels, rows, columns = shape
        area = rows * columns
        corrupted = draw_channels(channels, parameters, least=2, most=area, rng=rng)
        count = corrupted.size
        numbers = parameters.numbers
        # All channels together use each position once.
        least = min(numbers["min_errors_per_channel"], area // count)
        greatest = max(min(numbers["max_errors_per_channel"], area), least)
        total = draw_share(
            parameters.percentages[_DENSITY],
            count * area,
            least=count * least,
            most=min(count * greatest, area),
            rng=rng,
        )
        spread = np.full(count, greatest - least)
        errors = least + rng.multivariate_hypergeometric(spread, total - count * least)
        positions = rng.choice(area, total, replace=False)
        sites: np.ndarray = np.repeat(corrupted * area, errors) + positions
        sites.sort()
        return sites

    def belongs(self, sites: np.ndarray, shape: Shape) -> bool:
        """Return whether several channels are corrupted, and no position in two of them."""
        area = shape[1] * shape[2]
        return bool(
            sites[0] // area != sites[-1] // area and np.unique(sites % area).size == sites.size
        )

    def measure(self, sites: np.ndarray, shape: Shape) -> Parameters:
        """Return the parameters of the channels."""
        area = shape[1] * shape[2]
        _, counts = np.unique(sites // area, return_counts=True)
        return measure_channels(shape[0], sites, area) | Parameters(
            {
                "min_errors_per_channel": int(counts.min()),
                "max_errors_per_channel": int(counts.max()),
            },
            {_DENSITY: percentage(sites.size, counts.size * area)},
        )
