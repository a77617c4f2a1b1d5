"""multi_channel_block: the same run of values in several channels."""

from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np

from onnxfi.error_models.sites.canonical_layout import Shape
from onnxfi.error_models.spatial.choices import draw_mask, draw_numbers, draw_share
from onnxfi.error_models.spatial.patterns.geometry.block import (
    BLOCK_SIZES,
    block_size_of,
    fitting_block,
    room_for_block,
)
from onnxfi.error_models.spatial.patterns.geometry.channels import (
    CHANNEL_NUMBERS,
    CHANNEL_PERCENTAGES,
    draw_channels,
    measure_channels,
)
from onnxfi.error_models.spatial.patterns.pattern import Numbers, Parameters, percentage

_DENSITY: Final = "avg_block_corruption_pct"


@dataclass(frozen=True, slots=True)
class MultiChannelBlock:
    """A run of ``block_size`` positions, the same in two or more channels.

    ``avg_block_corruption_pct`` of its values, over all channels, are corrupted: more than half in
    one of the channels, the leader, and at least one value in every other.
    """

    numbers: ClassVar[dict[str, Numbers]] = CHANNEL_NUMBERS | {"block_size": BLOCK_SIZES}
    percentages: ClassVar[tuple[str, ...]] = (CHANNEL_PERCENTAGES, _DENSITY)
    needs_channels: ClassVar[bool] = True

    def fits(self, shape: Shape) -> bool:
        """Return whether there are two channels, with room for a block."""
        return shape[0] > 1 and room_for_block(shape[1] * shape[2])

    def draw(self, shape: Shape, parameters: Parameters, *, rng: np.random.Generator) -> np.ndarray:
        """Draw the channels, the start of the block, and its corrupted values."""
        channels, rows, columns = shape
        area = rows * columns
        corrupted = draw_channels(channels, parameters, least=2, rng=rng)
        size, width = fitting_block(parameters.numbers["block_size"], area)
        chosen = np.zeros((corrupted.size, width), dtype=bool)
        one_each = draw_numbers(0, width - 1, corrupted.size, rng=rng)
        chosen[np.arange(corrupted.size), one_each] = True
        leader = rng.integers(corrupted.size)
        chosen[leader] = draw_mask(width, size // 2 + 1, rng=rng)
        sure = int(np.count_nonzero(chosen))
        total = draw_share(
            parameters.percentages[_DENSITY],
            corrupted.size * size,
            least=sure,
            most=chosen.size,
            rng=rng,
        )
        if total > sure:
            chosen[~chosen] = draw_mask(chosen.size - sure, total - sure, rng=rng)
        start = int(rng.integers(area - width + 1))
        sites: np.ndarray = (corrupted[:, None] * area + np.arange(start, start + width))[chosen]
        return sites

    def belongs(self, sites: np.ndarray, shape: Shape) -> bool:
        """Return whether several channels are corrupted, one of them, the leader, in a block.

        Every other channel has a block too, or is a follower. The positions of the leader and all
        followers together must lie in a run as long as the leader's block size.
        """
        area = shape[1] * shape[2]
        _, starts = np.unique(sites // area, return_index=True)
        channels = np.split(sites % area, starts[1:])
        followers = [each for each in channels if block_size_of(each) is None]
        return len(channels) > 1 and any(
            np.ptp(np.concatenate([leader, *followers])) < (block_size_of(leader) or 0)
            for leader in channels
        )

    def measure(self, sites: np.ndarray, shape: Shape) -> Parameters:
        """Return the parameters of the block, the largest of all channels, and the channels."""
        area = shape[1] * shape[2]
        channels = measure_channels(shape[0], sites, area)
        _, starts = np.unique(sites // area, return_index=True)
        size = max(block_size_of(each) or 0 for each in np.split(sites, starts[1:]))
        slots = channels.numbers["max_corrupted_channels"] * size
        return channels | Parameters(
            {"block_size": size}, {_DENSITY: percentage(sites.size, slots)}
        )
