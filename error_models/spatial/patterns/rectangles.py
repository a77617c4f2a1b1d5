"""rectangles: the same rectangle in one or more channels."""

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
from onnxfi.error_models.spatial.patterns.pattern import AT_LEAST_1, Numbers, Parameters


@dataclass(frozen=True, slots=True)
class Rectangles:
    """A rectangle of rows and columns, fully corrupted, the same in one or more channels.

    It covers ``rectangle_height`` rows and ``rectangle_width`` columns: at least three of each, and
    not all columns.
    """

    numbers: ClassVar[dict[str, Numbers]] = CHANNEL_NUMBERS | {
        "rectangle_width": AT_LEAST_1,
        "rectangle_height": AT_LEAST_1,
    }
    percentages: ClassVar[tuple[str, ...]] = (CHANNEL_PERCENTAGES,)
    needs_channels: ClassVar[bool] = True

    def fits(self, shape: Shape) -> bool:
        """Return whether there are three rows and four columns."""
        return shape[1] >= 3 and shape[2] >= 4

    def draw(self, shape: Shape, parameters: Parameters, *, rng: np.random.Generator) -> np.ndarray:
        """Draw the channels, and the position of the rectangle."""
        channels, rows, columns = shape
        height = min(max(parameters.numbers["rectangle_height"], 3), rows)
        width = min(max(parameters.numbers["rectangle_width"], 3), columns - 1)
        corrupted = draw_channels(channels, parameters, least=1, rng=rng)
        top, left = rng.integers(rows - height + 1), rng.integers(columns - width + 1)
        row = corrupted[:, None] * rows + top + np.arange(height)
        sites: np.ndarray = row.reshape(-1, 1) * columns + left + np.arange(width)
        return sites.reshape(-1)

    def belongs(self, sites: np.ndarray, shape: Shape) -> bool:
        """Return whether the positions of all channels together fill a rectangle.

        Two positions may be missing. The rectangle has three rows and three columns or more, but
        not all columns.
        """
        _, rows, columns = shape
        positions = np.unique(sites % (rows * columns))
        height = int(positions[-1] // columns - positions[0] // columns) + 1
        width = int(np.ptp(positions % columns)) + 1
        return height >= 3 and 3 <= width < columns and height * width - positions.size <= 2

    def measure(self, sites: np.ndarray, shape: Shape) -> Parameters:
        """Return the parameters of the rectangle and the channels."""
        _, rows, columns = shape
        height = int(np.ptp(sites // columns % rows)) + 1
        width = int(np.ptp(sites % columns)) + 1
        return measure_channels(shape[0], sites, rows * columns) | Parameters(
            {"rectangle_width": width, "rectangle_height": height}, {}
        )
