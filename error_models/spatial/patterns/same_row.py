"""same_row: values of one row of one channel."""

from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np

from onnxfi.error_models.sites.canonical_layout import Shape
from onnxfi.error_models.spatial.patterns.geometry.line import (
    LINE_NUMBERS,
    draw_in_line,
    measure_line,
)
from onnxfi.error_models.spatial.patterns.pattern import Numbers, Parameters

_DENSITY: Final = "row_corruption_pct"


@dataclass(frozen=True, slots=True)
class SameRow:
    """Two or more values of one row of one channel, as ``draw_in_line`` defines them."""

    numbers: ClassVar[dict[str, Numbers]] = LINE_NUMBERS
    percentages: ClassVar[tuple[str, ...]] = (_DENSITY,)
    needs_channels: ClassVar[bool] = True

    def fits(self, shape: Shape) -> bool:
        """Return whether there are two columns."""
        return shape[2] > 1

    def draw(self, shape: Shape, parameters: Parameters, *, rng: np.random.Generator) -> np.ndarray:
        """Draw sites of one row."""
        channels, rows, columns = shape
        positions = draw_in_line(columns, parameters, parameters.percentages[_DENSITY], rng=rng)
        return positions + rng.integers(channels * rows) * columns

    def belongs(self, sites: np.ndarray, shape: Shape) -> bool:
        """Return whether there are several sites, all in one row of one channel."""
        columns = shape[2]
        return sites.size > 1 and bool(sites[0] // columns == sites[-1] // columns)

    def measure(self, sites: np.ndarray, shape: Shape) -> Parameters:
        """Return the parameters of the row."""
        return measure_line(sites % shape[2], _DENSITY)
