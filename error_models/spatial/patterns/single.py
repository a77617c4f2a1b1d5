"""single: one value."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from onnxfi.error_models.sites.canonical_layout import Shape
from onnxfi.error_models.spatial.patterns.pattern import Numbers, Parameters


@dataclass(frozen=True, slots=True)
class Single:
    """One value, anywhere."""

    numbers: ClassVar[dict[str, Numbers]] = {}
    percentages: ClassVar[tuple[str, ...]] = ()
    needs_channels: ClassVar[bool] = False

    def fits(self, shape: Shape) -> bool:
        """Return True: any shape fits."""
        return True

    def draw(self, shape: Shape, parameters: Parameters, *, rng: np.random.Generator) -> np.ndarray:
        """Draw one site."""
        channels, rows, columns = shape
        return rng.integers(channels * rows * columns, size=1)

    def belongs(self, sites: np.ndarray, shape: Shape) -> bool:
        """Return whether there is one site."""
        return sites.size == 1

    def measure(self, sites: np.ndarray, shape: Shape) -> Parameters:
        """Return no parameters."""
        return Parameters({}, {})
