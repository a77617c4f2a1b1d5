"""skip_X: every X-th position of the corrupted channels."""

from dataclasses import dataclass
from functools import lru_cache
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
from onnxfi.error_models.spatial.patterns.pattern import AT_LEAST_1, Numbers, Parameters, percentage

_DENSITY: Final = "indexes_corruption_pct"


@dataclass(frozen=True, slots=True)
class SkipX:
    """Positions that lie ``amount`` apart, in one or more channels.

    There are ``unique_channel_indexes`` positions, ``amount`` apart, the same in all channels.
    ``indexes_corruption_pct`` of them, over all channels, are corrupted: at least one in each
    channel, and each position in at least one channel.

    Attributes:
        amount: the distance from one position to the next.
    """

    percentages: ClassVar[tuple[str, ...]] = (CHANNEL_PERCENTAGES, _DENSITY)
    needs_channels: ClassVar[bool] = True

    amount: int

    @property
    def numbers(self) -> dict[str, Numbers]:
        """The integer parameters, with the allowed values of each."""
        return CHANNEL_NUMBERS | {
            "skip_amount": (self.amount,),
            "unique_channel_indexes": AT_LEAST_1,
        }

    def fits(self, shape: Shape) -> bool:
        """Return whether a channel has two such positions."""
        return shape[1] * shape[2] > self.amount

    def draw(self, shape: Shape, parameters: Parameters, *, rng: np.random.Generator) -> np.ndarray:
        """Draw the channels, the first position, and the corrupted values."""
        channels, rows, columns = shape
        area = rows * columns
        corrupted = draw_channels(channels, parameters, least=1, rng=rng)
        room = (area - 1) // self.amount + 1
        count = max(min(parameters.numbers["unique_channel_indexes"], room), 2)
        first = int(rng.integers(area - (count - 1) * self.amount))
        sure = max(count, corrupted.size)
        chosen = np.zeros((corrupted.size, count), dtype=bool)
        in_channels, at = _diagonal(corrupted.size, count)
        chosen[in_channels, rng.permutation(count)[at]] = True
        percentages = parameters.percentages[_DENSITY]
        total = draw_share(percentages, chosen.size, least=sure, most=chosen.size, rng=rng)
        if total > sure:
            chosen[~chosen] = draw_mask(chosen.size - sure, total - sure, rng=rng)
        steps = np.arange(first, first + count * self.amount, self.amount)
        sites: np.ndarray = (corrupted[:, None] * area + steps)[chosen]
        return sites

    def belongs(self, sites: np.ndarray, shape: Shape) -> bool:
        """Return whether the positions of all channels together lie multiples of ``amount`` apart.

        One position may lie elsewhere. At least two must be multiples apart.
        """
        positions = np.unique(sites % (shape[1] * shape[2]))
        in_step = np.count_nonzero((positions - positions[0]) % self.amount == 0)
        return bool(in_step >= 2 and positions.size - in_step <= 1)

    def measure(self, sites: np.ndarray, shape: Shape) -> Parameters:
        """Return the parameters of the channels and positions, without a position elsewhere."""
        area = shape[1] * shape[2]
        channels = measure_channels(shape[0], sites, area)
        positions = sites % area
        in_step = (positions - positions.min()) % self.amount == 0
        unique = np.unique(positions[in_step]).size
        slots = channels.numbers["max_corrupted_channels"] * unique
        return channels | Parameters(
            {"skip_amount": self.amount, "unique_channel_indexes": unique},
            {_DENSITY: percentage(int(np.count_nonzero(in_step)), slots)},
        )


@lru_cache(maxsize=256)
def _diagonal(channels: int, positions: int) -> tuple[np.ndarray, np.ndarray]:
    """Return a diagonal, wrapped around so that it meets every channel and every position."""
    along = np.arange(max(channels, positions))
    return along % channels, along % positions
