"""Feeds graph inputs: from rows of an array, an array per file, or a constant."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from onnxfi.campaign.inputs.array_file import ArrayFile


class Feed(Protocol):
    """The source of one graph input."""

    def at(self, index: int) -> np.ndarray:
        """Return the array for one input.

        Raises:
            InputError: it cannot be read.
        """


@dataclass(frozen=True, eq=False, slots=True)
class Constant:
    """The same array for every input."""

    array: np.ndarray

    def at(self, index: int) -> np.ndarray:
        """Return the array."""
        return self.array


@dataclass(frozen=True, eq=False, slots=True)
class Rows:
    """Rows of an array, along any axis.

    Attributes:
        name: name of the array.
        array: the array.
        axis: the axis of the rows.
        rows: number of consecutive rows of one input; None for one row without that axis.
        times: number of repetitions of each row.
    """

    name: str
    array: np.ndarray
    axis: int
    rows: int | None = 1
    times: int = 1

    @property
    def length(self) -> int:
        """Number of rows."""
        return int(self.array.shape[self.axis])

    def at(self, index: int) -> np.ndarray:
        """Return the rows of one input."""
        if self.rows is None:
            return np.asarray(self.array.take(index, self.axis))
        first = index * self.rows
        rows = self.array[(slice(None),) * self.axis + (slice(first, first + self.rows),)]
        return rows if self.times == 1 else np.repeat(rows, self.times, axis=self.axis)


@dataclass(frozen=True, eq=False, slots=True)
class PerFile:
    """The array of a given name, from one file per input."""

    files: Sequence[ArrayFile]
    name: str

    @property
    def shapes(self) -> set[tuple[int, ...]]:
        """The shapes of the arrays."""
        return {file.headers[file.key(self.name)].shape for file in self.files}

    def at(self, index: int) -> np.ndarray:
        """Return the array of one file."""
        file = self.files[index]
        return file.read(file.key(self.name))
