"""Numbers the elements of a target that lie in a region, without listing them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from onnxfi.error_models.sites.canonical_layout import CanonicalLayout
from onnxfi.error_models.sites.index_set import IndexSet


class Place(Protocol):
    """Converts coordinates, one int64 array for each axis, to injection sites."""

    def __call__(self, coordinates: Sequence[np.ndarray]) -> np.ndarray:
        """Return the injection sites."""
        ...


@dataclass(frozen=True, slots=True)
class Selection:
    """Elements of a target that form a grid.

    Attributes:
        axes: the coordinates on each axis of the grid.
        place: converts coordinates to injection sites.
    """

    axes: tuple[IndexSet, ...]
    place: Place

    @property
    def size(self) -> int:
        """Number of elements."""
        return math.prod(axis.size for axis in self.axes)

    def sites(self, ranks: np.ndarray) -> np.ndarray:
        """Return the injection sites of the elements with the given ranks.

        Args:
            ranks: int64, shape ``(K,)``; unique, each at least 0 and below ``size``.

        Returns:
            int64, shape ``(K,)``; unique, ascending.
        """
        at = np.unravel_index(ranks, [axis.size for axis in self.axes])
        sites = self.place([axis.at(each) for axis, each in zip(self.axes, at, strict=True)])
        sites.sort()
        return sites


@dataclass(frozen=True, slots=True)
class InTensor:
    """Coordinates on the axes of a tensor.

    Attributes:
        shape: the tensor's shape.
    """

    shape: tuple[int, ...]

    def __call__(self, coordinates: Sequence[np.ndarray]) -> np.ndarray:
        """Return flat indices in C order."""
        return np.ravel_multi_index(tuple(coordinates), self.shape)


@dataclass(frozen=True, slots=True)
class InLayout:
    """Samples, channels, rows and columns.

    Attributes:
        layout: the layout of the tensor.
    """

    layout: CanonicalLayout

    def __call__(self, coordinates: Sequence[np.ndarray]) -> np.ndarray:
        """Return flat indices in C order."""
        sample, channel, row, column = coordinates
        _, rows, columns = self.layout.shape
        canonical = (channel * rows + row) * columns + column
        return self.layout.injection_sites(canonical, sample=sample)
