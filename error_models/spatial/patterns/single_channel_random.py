"""single_channel_random: values of one channel, of more than one row."""

from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np

from onnxfi.error_models.sites.canonical_layout import Shape
from onnxfi.error_models.spatial.choices import draw_share
from onnxfi.error_models.spatial.patterns.geometry.spacing import draw_spaced
from onnxfi.error_models.spatial.patterns.pattern import AT_LEAST_1, Numbers, Parameters, percentage

_DENSITY: Final = "channel_corruption_pct"


@dataclass(frozen=True, slots=True)
class SingleChannelRandom:
    """Two or more values of one channel that are not all in one row.

    They are ``channel_corruption_pct`` of the channel, at most ``max_cardinality``. The distance
    from each to the next is ``min_value_skip`` to ``max_value_skip``.
    """

    numbers: ClassVar[dict[str, Numbers]] = {
        "max_cardinality": AT_LEAST_1,
        "min_value_skip": AT_LEAST_1,
        "max_value_skip": AT_LEAST_1,
    }
    percentages: ClassVar[tuple[str, ...]] = (_DENSITY,)
    needs_channels: ClassVar[bool] = True

    def fits(self, shape: Shape) -> bool:
        """Return whether there are two rows."""
        return shape[1] > 1

    def draw(self, shape: Shape, parameters: Parameters, *, rng: np.random.Generator) -> np.ndarray:
        """Draw the channel, and the positions in it."""
        channels, rows, columns = shape
        area = rows * columns
        numbers = parameters.numbers
        skips = numbers["min_value_skip"], numbers["max_value_skip"]
        limit = min(numbers["max_cardinality"], (area - 1) // skips[0] + 1)
        percentages = parameters.percentages[_DENSITY]
        count = draw_share(percentages, area, least=2, most=max(limit, 2), rng=rng)
        positions = draw_spaced(area, count, skips, rng=rng)
        span = int(positions[-1] - positions[0])
        if span < columns:
            # Uniform over the positions at which the span crosses the end of a row.
            row, before = divmod(int(rng.integers((rows - 1) * span)), span)
            positions += (row + 1) * columns - 1 - before - positions[0]
        return positions + rng.integers(channels) * area

    def belongs(self, sites: np.ndarray, shape: Shape) -> bool:
        """Return whether there are several sites in one channel, not all in one row."""
        _, rows, columns = shape
        first, last = int(sites[0]), int(sites[-1])
        area = rows * columns
        return first // area == last // area and first // columns != last // columns

    def measure(self, sites: np.ndarray, shape: Shape) -> Parameters:
        """Return the parameters of the channel."""
        skips = np.diff(sites)
        return Parameters(
            {
                "max_cardinality": sites.size,
                "min_value_skip": int(skips.min()),
                "max_value_skip": int(skips.max()),
            },
            {_DENSITY: percentage(sites.size, shape[1] * shape[2])},
        )
