"""Sets of indices, written as numbers and ranges and stored as runs."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from onnxfi.errors import ErrorModelError

Indices = int | str | Iterable[int | str]
"""An index such as ``3``, a range such as ``"8-15"`` with both ends included, or several."""

MOST = 2**62
"""The highest index: the sum of two fits int64."""

_RANGE = re.compile(r"\s*(\d+)\s*-\s*(\d+)\s*", re.ASCII)


@dataclass(frozen=True, slots=True, eq=False)
class IndexSet:
    """Ascending indices, stored as runs: a long run costs no more than a single index.

    Attributes:
        firsts: int64, shape ``(R,)``; the first index of each run, ascending.
        before: int64, shape ``(R,)``; number of indices in the runs before each one.
        size: number of indices, at least 1.
        last: the highest index.
    """

    firsts: np.ndarray
    before: np.ndarray
    size: int
    last: int

    @classmethod
    def of(cls, items: Iterable[int | str]) -> Self:
        """Make the set of numbers and ranges as ``checked_indices`` returns them."""
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
        """Make the set of the indices in a non-empty array of integers."""
        firsts = np.unique(indices).astype(np.int64)
        return cls(firsts, np.arange(firsts.size), firsts.size, int(firsts[-1]))

    @classmethod
    def below(cls, end: int) -> Self:
        """Make the set of all indices below a number of at least 1."""
        return cls(np.zeros(1, np.int64), np.zeros(1, np.int64), end, end - 1)

    def at(self, ranks: np.ndarray) -> np.ndarray:
        """Return the indices with the given ranks.

        Args:
            ranks: int64, any shape; each at least 0 and below ``size``.
        """
        if self.firsts.size == 1:
            run: np.ndarray | int = 0
        else:
            run = np.searchsorted(self.before, ranks, side="right") - 1
        indices: np.ndarray = ranks + (self.firsts[run] - self.before[run])
        return indices


def checked_indices(key: str, given: object) -> tuple[int | str, ...]:
    """Return configured indices as numbers and ranges.

    Args:
        key: name of the configuration key, for the message.
        given: the configured ``Indices``.

    Raises:
        ErrorModelError: the value is not ``Indices``, or is empty.
    """
    items = given if isinstance(given, Iterable) and not isinstance(given, str) else (given,)
    checked = tuple(checked_index(key, item) for item in items)
    if not checked:
        raise ErrorModelError(f"{key} must have one index or more, got none: leave {key} out")
    return checked


def checked_index(key: str, item: Any) -> int | str:
    """Return one configured index or range, checked as by ``checked_indices``."""
    if isinstance(item, int | np.integer) and not isinstance(item, bool) and 0 <= item <= MOST:
        return int(item)
    if isinstance(item, str):
        first, last = _ends(item)
        if 0 <= first <= last <= MOST:
            return f"{first}-{last}"
    raise ErrorModelError(
        f"{key} must be indices counted from 0 and ranges of them, got {item!r}: "
        f"write for example {key}=3, {key}=0-7 or {key}=[0,3,8-15]"
    )


def _ends(item: int | str) -> tuple[int, int]:
    """Return the first and the last index; (0, -1) if a text is not a range."""
    if isinstance(item, int):
        return item, item
    found = _RANGE.fullmatch(item)
    return (int(found[1]), int(found[2])) if found else (0, -1)
