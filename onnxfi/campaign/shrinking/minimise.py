"""Minimises a set by leaving out what is not needed."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TypeVar

T = TypeVar("T")


def minimise(parts: Sequence[T], suffices: Callable[[Sequence[T]], bool]) -> list[T]:
    """Return parts that suffice, of which none can be left out.

    Delta debugging (ddmin): it tries ever smaller subsets and complements. Source: A. Zeller,
    R. Hildebrandt, IEEE Trans. Softw. Eng. 28 (2002), 183-200.

    Args:
        parts: parts that suffice together.
        suffices: whether some of the parts suffice, in their order; not asked twice in a row about
            the same.
    """
    kept, pieces = list(parts), 2
    while len(kept) > 1:
        starts = [round(x * len(kept) / pieces) for x in range(pieces + 1)]
        split = [(kept[x:y], kept[:x] + kept[y:]) for x, y in pairwise(starts)]
        subset = next((x for x, _ in split if suffices(x)), None)
        if subset is not None:
            kept, pieces = subset, 2
            continue
        # With two pieces, the complements are the subsets.
        rest = next((y for _, y in split if pieces > 2 and suffices(y)), None)
        if rest is not None:
            kept, pieces = rest, max(pieces - 1, 2)
        elif pieces == len(kept):
            break
        else:
            pieces = min(2 * pieces, len(kept))
    return kept
