"""bullet_wake: the same position in several channels."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from onnxfi.error_models.sites.canonical_layout import Shape
from onnxfi.error_models.spatial.patterns.geometry.channels import (
    CHANNEL_NUMBERS,
    CHANNEL_PERCENTAGES,
    draw_channels,
    measure_channels,
)
from onnxfi.error_models.spatial.patterns.pattern import Numbers, Parameters


@dataclass(frozen=True, slots=True)
class BulletWake:
    """One position, drawn uniformly, in two or more channels."""

    numbers: ClassVar[dict[str, Numbers]] = CHANNEL_NUMBERS
    percentages: ClassVar[tuple[str, ...]] = (CHANNEL_PERCENTAGES,)
    needs_channels: ClassVar[bool] = True

    def fits(self, shape: Shape) -> bool:
        """Return whether there are two channels."""
        return shape[0] > 1

    def draw(self, shape: Shape, parameters: Parameters, *, rng: np.random.Generator) -> np.ndarray:
        """Draw a position and the channels."""
        channels, rows, columns = shape
        area = rows * columns
        drawn = draw_channels(channels, parameters, least=2, rng=rng)
        return drawn * area + rng.integers(area)

    def belongs(self, sites: np.ndarray, shape: Shape) -> bool:
        """Return whether there are several sites, all at one position in their channels."""
        positions = sites % (shape[1] * shape[2])
        return sites.size > 1 and bool((positions == positions[0]).all())

    def measure(self, sites: np.ndarray, shape: Shape) -> Parameters:
        """Return the parameters of the channels."""
        return measure_channels(shape[0], sites, shape[1] * shape[2])
