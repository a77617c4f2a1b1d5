"""single_channel_alternated_blocks: whole blocks of one channel, no two of them adjacent."""

import math
from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np

from onnxfi.error_models.sites.canonical_layout import Shape
from onnxfi.error_models.spatial.patterns.pattern import AT_LEAST_1, Numbers, Parameters

_BLOCK_SIZE: Final = 32


@dataclass(frozen=True, slots=True)
class SingleChannelAlternatedBlocks:
    """Whole blocks of 32 values of one channel, no two of them adjacent.

    Block ``i`` of a channel has its positions ``32 * i`` to ``32 * i + 31``; the last block may be
    shorter. The distance from one corrupted block to the next is ``min_block_skip`` to
    ``max_block_skip`` blocks, and at least 2. The blocks lie in a stretch of the channel as large
    as a square feature map of side ``max_feature_map_size``, or in the whole channel if that is
    smaller. All values of a corrupted block are corrupted.
    """

    numbers: ClassVar[dict[str, Numbers]] = {
        "block_size": (_BLOCK_SIZE,),
        "min_block_skip": range(2**31),
        "max_block_skip": range(2**31),
        "max_feature_map_size": AT_LEAST_1,
    }
    percentages: ClassVar[tuple[str, ...]] = ()
    needs_channels: ClassVar[bool] = True

    def fits(self, shape: Shape) -> bool:
        """Return whether a channel has a third block, or a part of one."""
        return shape[1] * shape[2] > 2 * _BLOCK_SIZE

    def draw(self, shape: Shape, parameters: Parameters, *, rng: np.random.Generator) -> np.ndarray:
        """Draw the channel and the blocks."""
        channels, rows, columns = shape
        area = rows * columns
        blocks = math.ceil(area / _BLOCK_SIZE)
        numbers = parameters.numbers
        stretch = math.ceil(numbers["max_feature_map_size"] ** 2 / _BLOCK_SIZE)
        stretch = min(max(stretch, 3), blocks)
        least = min(max(numbers["min_block_skip"], 2), stretch - 1)
        greatest = max(min(numbers["max_block_skip"], stretch - 1), least)
        skips = rng.integers(least, greatest + 1, size=(stretch - 1) // least)
        # The second block must lie in the stretch as well.
        first = rng.integers(min(skips[0], stretch - skips[0]))
        corrupted = first + np.concatenate([[0], np.cumsum(skips)])
        corrupted = corrupted[corrupted < stretch] + rng.integers(blocks - stretch + 1)
        positions = (corrupted[:, None] * _BLOCK_SIZE + np.arange(_BLOCK_SIZE)).reshape(-1)
        sites: np.ndarray = positions[positions < area] + rng.integers(channels) * area
        return sites

    def belongs(self, sites: np.ndarray, shape: Shape) -> bool:
        """Return whether the sites lie in blocks of one channel, no two of them adjacent.

        There are at least two blocks. Half of each is corrupted, except in a shorter last block.
        """
        area = shape[1] * shape[2]
        blocks, counts = np.unique(sites % area // _BLOCK_SIZE, return_counts=True)
        whole = blocks < area // _BLOCK_SIZE
        return bool(
            sites[0] // area == sites[-1] // area
            and blocks.size > 1
            and (np.diff(blocks) > 1).all()
            and (counts[whole] >= _BLOCK_SIZE // 2).all()
        )

    def measure(self, sites: np.ndarray, shape: Shape) -> Parameters:
        """Return the parameters of the blocks; the map size is that of the stretch they span."""
        blocks = np.unique(sites % (shape[1] * shape[2]) // _BLOCK_SIZE)
        skips = np.diff(blocks)
        stretch = (int(np.ptp(blocks)) + 1) * _BLOCK_SIZE
        return Parameters(
            {
                "block_size": _BLOCK_SIZE,
                "min_block_skip": int(skips.min()),
                "max_block_skip": int(skips.max()),
                "max_feature_map_size": math.isqrt(stretch - 1) + 1,
            },
            {},
        )
