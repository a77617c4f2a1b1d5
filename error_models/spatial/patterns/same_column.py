"""same_column: values of one column of one channel."""

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

_DENSITY: Final = "col_corruption_pct"


@dataclass(frozen=True, slots=True)
class SameColumn:
    """Two or more values of one column of one channel, as ``draw_in_line`` defines them."""

    numbers: ClassVar[dict[str, Numbers]] = LINE_NUMBERS
    percentages: ClassVar[tuple[str, ...]] = (_DENSITY,)
    needs_channels: ClassVar[bool] = True

    def fits(self, shape: Shape) -> bool:
        """Return whether there are two rows."""
        return shape[1] > 1

    def draw(self, shape: Shape, parameters: Parameters, *, rng: np.random.Generator) -> np.ndarray:
        """Draw sites of one column."""
        channels, rows, columns = shape
        positions = draw_in_line(rows, parameters, parameters.percentages[_DENSITY], rng=rng)
        channel, column = divmod(int(rng.integers(channels * columns)), columns)
        return (channel * rows + positions) * columns + column

    def belongs(self, sites: np.ndarray, shape: Shape) -> bool:
        """Return whether there are several sites, all in one column of one channel."""
        _, rows, columns = shape
        same_channel = sites[0] // (rows * columns) == sites[-1] // (rows * columns)
        return sites.size > 1 and bool(
            same_channel and (sites % columns == sites[0] % columns).all()
        )

    def measure(self, sites: np.ndarray, shape: Shape) -> Parameters:
        """Return the parameters of the column."""
        return measure_line(sites // shape[2], _DENSITY)
