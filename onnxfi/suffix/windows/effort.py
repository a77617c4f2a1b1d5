"""Estimates the work of windows from the size of changes."""

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from onnxfi.suffix.policy import DEFAULT_POLICY, Policy
from onnxfi.suffix.windows.boxes import Boxes
from onnxfi.suffix.windows.piece import Crops, NoWindowsError, Piece


class Effort:
    """The work of carrying changes of any length and width through pieces.

    Rows and columns are independent, so each axis has its own table.
    """

    def __init__(self, pieces: Sequence[Piece], policy: Policy = DEFAULT_POLICY) -> None:
        """Follow changes of some lengths, in the middle of the first images.

        Args:
            pieces: at least one.
            policy: the thresholds.
        """
        first = pieces[0]
        longest = int(first.sizes[first.inputs[0]].max())
        self._sides = _sides(longest, policy.window_step)
        parts = np.array([piece.work for piece in pieces])
        self._parts = parts / max(float(parts.sum()), 1.0)
        shares, places = [], []
        for side in self._sides.tolist():
            windows = list(follow(pieces, side))
            if len(windows) < len(pieces):
                break
            shares.append([piece.shares(crops) for crops, piece in windows])
            places.append([x for crops, _ in windows for x in crops.lengths.values()])
        self._shares, self._places = np.array(shares), np.array(places)

    def rounded(self, lengths: np.ndarray) -> np.ndarray:
        """Return the least tabulated lengths at or above the given ones."""
        known = np.searchsorted(self._sides, lengths)
        rounded: np.ndarray = self._sides[np.minimum(known, self._sides.size - 1)]
        return rounded

    def work(self, lengths: np.ndarray) -> np.ndarray:
        """Return the work as a share of the work of whole images; infinite where it is unknown.

        Args:
            lengths: rows and columns of the changes, shape ``(lanes, 2)``.
        """
        return self._of(self._shares, lengths, lambda x: x @ self._parts)

    def places(self, lengths: np.ndarray) -> np.ndarray:
        """Return the number of places of the largest window, for lengths as above."""
        return self._of(self._places, lengths, lambda x: x.max(axis=1))

    def _of(
        self, table: np.ndarray, lengths: np.ndarray, total: Callable[[np.ndarray], np.ndarray]
    ) -> np.ndarray:
        rows, columns = np.searchsorted(self._sides, lengths).T
        known = np.maximum(rows, columns) < len(table)
        found = np.full(len(lengths), np.inf)
        if known.any():
            found[known] = total(table[rows[known], :, 0] * table[columns[known], :, 1])
        return found


def follow(pieces: Sequence[Piece], side: int) -> Iterable[tuple[Crops, Piece]]:
    """Yield the windows of changes in the middle of the first images, as far as grids fit."""
    if not pieces:
        return
    first = pieces[0]
    grid = first.strides[first.nodes[0].images[0]]
    names = [x for x in (*first.inputs, *first.passed) if (first.strides[x] == grid).all()]
    size = first.sizes[names[0]]
    low = np.maximum(size // 2 - side // 2, 0)
    high = np.minimum(low + side, size)
    boxes = {name: Boxes(low[None], high[None]) for name in names}
    for piece in pieces:
        try:
            crops = piece.crops(boxes)
        except NoWindowsError:
            return
        yield crops, piece
        boxes = {x: crops.changed[x] for x in (*piece.outputs, *piece.passed) if x in crops.changed}


def _sides(longest: int, step: float) -> np.ndarray:
    sides = [1]
    while sides[-1] < longest:
        sides.append(min(max(sides[-1] + 1, int(sides[-1] * step)), longest))
    return np.array(sides)
