"""single_block: a run of adjacent values."""

from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np

from onnxfi.error_models.sites.canonical_layout import Shape
from onnxfi.error_models.spatial.choices import draw_mask, draw_share
from onnxfi.error_models.spatial.patterns.geometry.block import (
    BLOCK_SIZES,
    block_size_of,
    fitting_block,
    room_for_block,
)
from onnxfi.error_models.spatial.patterns.pattern import Numbers, Parameters, percentage

_DENSITY: Final = "block_corruption_pct"


@dataclass(frozen=True, slots=True)
class SingleBlock:
    """A run of ``block_size`` canonical sites, ``block_corruption_pct`` of them corrupted.

    It starts anywhere, and may continue from one channel to the next. More than half of it is
    corrupted, whatever the percentages.
    """

    numbers: ClassVar[dict[str, Numbers]] = {"block_size": BLOCK_SIZES}
    percentages: ClassVar[tuple[str, ...]] = (_DENSITY,)
    needs_channels: ClassVar[bool] = False

    def fits(self, shape: Shape) -> bool:
        """Return whether the tensor has room for a block."""
        return room_for_block(shape[0] * shape[1] * shape[2])

    def draw(self, shape: Shape, parameters: Parameters, *, rng: np.random.Generator) -> np.ndarray:
        """Draw the start of the block, and its corrupted values."""
        length = shape[0] * shape[1] * shape[2]
        size, width = fitting_block(parameters.numbers["block_size"], length)
        percentages = parameters.percentages[_DENSITY]
        count = draw_share(percentages, size, least=size // 2 + 1, most=width, rng=rng)
        start = rng.integers(length - width + 1)
        sites: np.ndarray = start + draw_mask(width, count, rng=rng).nonzero()[0]
        return sites

    def belongs(self, sites: np.ndarray, shape: Shape) -> bool:
        """Return whether the sites are a block."""
        return block_size_of(sites) is not None

    def measure(self, sites: np.ndarray, shape: Shape) -> Parameters:
        """Return the parameters of the block."""
        size = block_size_of(sites) or BLOCK_SIZES[-1]
        return Parameters({"block_size": size}, {_DENSITY: percentage(sites.size, size)})
