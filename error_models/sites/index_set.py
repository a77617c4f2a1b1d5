"""Sets of indices that are written as numbers and ranges, and never listed."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from onnxfi.errors import ErrorModelError

Indices = int | str | Iterable[int | str]
"""An index such as ``3``, a range such as ``"8-15"`` with both ends in it, or several of these."""

MOST = 2**62
"""The greatest index: sums of two fit int64."""

_RANGE = re.compile(r"\s*(\d+)\s*-\s*(\d+)\s*", re.ASCII)


@dataclass(frozen=True, slots=True, eq=False)
class IndexSet:
    """Indices in ascending order, kept as runs of neighbours: a large run costs as little as one.

    Attributes:
        firsts: int64, shape ``(R,)``; the first index of each run, ascending.
        before: int64, shape ``(R,)``; how many indices the runs before each one have.
        size: number of indices, at least 1.
        last: the greatest index.
    """

    firsts: np.ndarray
    before: np.ndarray
    size: int
    last: int

    @classmethod
    def of(cls, items: Iterable[int | str]) -> Self:
        """Make the set of numbers and ranges that ``checked_indices`` gave."""
        runs: list[list[int]] = []
        for first, last in sorted(_ends(item) for item in items):
            if runs and first <= runs[-1][1] + 1:
                runs[-1][1] = max(runs[-1][1], last)
            else:
                runs.append([first, last])
        firsts, lasts = np.array(runs, dtype=np.int64).T
        sizes = lasts - firsts + 1
        return cls(firsts, np.cumsum(sizes) - sizes, int(sizes.sum()), int(lasts[-1]))

    @classmethod
    def of_array(cls, indices: np.ndarray) -> Self:
        """Make the set of the indices in an array of integers, which is not empty."""
        firsts = np.unique(indices).astype(np.int64)
        return cls(firsts, np.arange(firsts.size), firsts.size, int(firsts[-1]))

    @classmethod
    def below(cls, end: int) -> Self:
        """Make the set of all indices below a number, which is at least 1."""
        return cls(np.zeros(1, np.int64), np.zeros(1, np.int64), end, end - 1)

    def at(self, ranks: np.ndarray) -> np.ndarray:
        """Give the indices at some places of the set.

        Args:
            ranks: int64, any shape; each from 0 to before ``size``.
        """
        if self.firsts.size == 1:
            run: np.ndarray | int = 0
        else:
            run = np.searchsorted(self.before, ranks, side="right") - 1
        indices: np.ndarray = ranks + (self.firsts[run] - self.before[run])
        return indices


def checked_indices(key: str, said: object) -> tuple[int | str, ...]:
    """Give configured indices as numbers and ranges.

    Args:
        key: name of the configuration key, for the message.
        said: what the user gave, ``Indices``.

    Raises:
        ErrorModelError: it is no such thing, or there is no index.
    """
    items = said if isinstance(said, Iterable) and not isinstance(said, str) else (said,)
    checked = tuple(checked_index(key, item) for item in items)
    if not checked:
        raise ErrorModelError(f"{key} must have one index or more, got none: leave {key} out")
    return checked


def checked_index(key: str, item: Any) -> int | str:
    """Give one configured index or range, as ``checked_indices`` does."""
    if isinstance(item, int | np.integer) and not isinstance(item, bool) and 0 <= item <= MOST:
        return int(item)
    if isinstance(item, str):
        first, last = _ends(item)
        if 0 <= first <= last <= MOST:
            return f"{first}-{last}"
    raise ErrorModelError(
        f"{key} must be indices counted from 0 and ranges of them, got {item!r}: "
        f"write {key}=3, {key}=0-7 or {key}=[0,3,8-15], say"
    )


def _ends(item: int | str) -> tuple[int, int]:
    """Give the first and the last index; (0, -1) for a text that is no range."""
    if isinstance(item, int):
        return item, item
    found = _RANGE.fullmatch(item)
    return (int(found[1]), int(found[2])) if found else (0, -1)
