"""Changes of a tensor of images: single elements, or windows."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from onnxfi.suffix.patches import LanePatch, Patches
from onnxfi.suffix.windows.boxes import Boxes


class SparseChange:
    """Single elements that differ."""

    def __init__(self, patches: Patches, lanes: Sequence[int], shape: tuple[int, ...]) -> None:
        """Take some lanes of patches, and count them from 0.

        Args:
            patches: the elements.
            lanes: the lanes to take.
            shape: shape of the tensor: (1, channels, rows, columns).
        """
        size = int(np.prod(shape))
        ascending = np.sort(lanes)
        owner = patches.keys // size
        place = np.minimum(np.searchsorted(ascending, owner), ascending.size - 1)
        taken = ascending[place] == owner
        position = np.argsort(lanes)[place[taken]]
        self._lanes = position
        self._indices = patches.keys[taken] % size
        self._values = patches.values[taken]
        self._channels, rows, columns = np.unravel_index(self._indices, shape)[1:]
        self._places = np.stack([rows, columns], axis=1)
        self._boxes = Boxes.empty(len(lanes))
        if position.size:  # the elements of a lane follow one another
            starts = np.flatnonzero(np.diff(position, prepend=-1))
            self._boxes.low[position[starts]] = np.minimum.reduceat(self._places, starts)
            self._boxes.high[position[starts]] = np.maximum.reduceat(self._places, starts) + 1

    @property
    def boxes(self) -> Boxes:
        """The smallest boxes around the changed elements."""
        return self._boxes

    def write(self, windows: np.ndarray, origins: np.ndarray) -> None:
        """Write the change into windows of the golden tensor.

        Args:
            windows: shape (lanes, channels, rows, columns).
            origins: the first row and column of each, shape ``(lanes, 2)``.
        """
        rows, columns = (self._places - origins[self._lanes]).T
        windows[self._lanes, self._channels, rows, columns] = self._values

    def lane(self, lane: int, golden: np.ndarray) -> LanePatch | None:
        """Return the patch of a lane; None if all bits are golden."""
        mine = self._lanes == lane
        return LanePatch(self._indices[mine], self._values[mine]) if mine.any() else None


@dataclass(frozen=True, eq=False, slots=True)
class WindowChange:
    """Computed windows.

    Attributes:
        windows: shape (lanes, channels, rows, columns).
        origins: the first row and column of each, shape ``(lanes, 2)``.
        boxes: the parts that may differ from golden; outside them the values are undefined.
    """

    windows: np.ndarray
    origins: np.ndarray
    boxes: Boxes

    def write(self, windows: np.ndarray, origins: np.ndarray) -> None:
        """Write the change into windows of the golden tensor."""
        here, there = self._within(self.origins), self._within(origins)
        for lane, (source, place) in enumerate(zip(here, there, strict=True)):
            windows[lane][place] = self.windows[lane][source]

    def lane(self, lane: int, golden: np.ndarray) -> LanePatch | None:
        """Return the patch of a lane with all of its box; None if all bits are golden."""
        low, high = self.boxes.low[lane], self.boxes.high[lane]
        if not (high > low).all():
            return None
        values = self.windows[lane][_slices(low - self.origins[lane], high - self.origins[lane])]
        place = (slice(None), *_slices(low, high))
        return None if _bit_equal(values[None], golden[place]) else LanePatch(place, values[None])

    def _within(self, origins: np.ndarray) -> list[tuple[slice, slice, slice]]:
        """Return the boxes of all lanes as slices of windows with given origins."""
        low = self.boxes.low - origins
        high = np.maximum(self.boxes.high - origins, low)
        return [_slices(*x) for x in zip(low.tolist(), high.tolist(), strict=True)]


#: The differences from golden in one tensor, in several lanes.
Change = SparseChange | WindowChange


def _slices(low: Sequence[int], high: Sequence[int]) -> tuple[slice, slice, slice]:
    (top, left), (bottom, right) = low, high
    return slice(None), slice(top, bottom), slice(left, right)


def _bit_equal(one: np.ndarray, other: np.ndarray) -> bool:
    return np.ascontiguousarray(one).tobytes() == np.ascontiguousarray(other).tobytes()
