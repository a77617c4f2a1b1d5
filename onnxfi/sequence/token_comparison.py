"""Compares a text with its golden text, token by token."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from onnxfi.injector import edit_distances

# A text has collapsed if one cycle of at most this many tokens fills at least this share of its
# end, and the golden text does not end like this.
_LONGEST_CYCLE = 8
_COLLAPSED_SHARE = 0.5
# A cycle must return to be one: at least so many times.
_LEAST_TURNS = 3


@dataclass(frozen=True, slots=True)
class TokenComparison:
    """What a fault did to the tokens of a text.

    Attributes:
        first_difference: the first token that differs; None if none does.
        divergence: the share of the golden places that hold another token, or none.
        edit_distance: the least number of tokens inserted, deleted or replaced (Levenshtein).
        collapsed: whether the text ends in a cycle that fills half of it, and the golden text does
            not.
    """

    first_difference: int | None
    divergence: float
    edit_distance: int
    collapsed: bool


def compare_tokens(golden: Sequence[int], faulty: Sequence[int]) -> TokenComparison:
    """Compare a text with its golden text.

    Args:
        golden: tokens without a fault.
        faulty: tokens with a fault; fewer if a step failed.
    """
    (distance,) = edit_distances(
        np.array(golden, np.int64), np.array([faulty], np.int64), np.array([len(faulty)])
    )
    length = max(len(golden), len(faulty))
    pairs = zip(golden, faulty, strict=False)
    differ = [one != other for one, other in pairs]
    differ += [True] * (length - len(differ))
    return TokenComparison(
        first_difference=differ.index(True) if any(differ) else None,
        divergence=sum(differ) / length if length else 0.0,
        edit_distance=int(distance),
        collapsed=_cyclic_share(faulty) >= _COLLAPSED_SHARE > _cyclic_share(golden),
    )


def _cyclic_share(tokens: Sequence[int]) -> float:
    """Return the share of the tokens in the longest cycle at the end."""
    longest = 0
    for period in range(1, min(_LONGEST_CYCLE, len(tokens)) + 1):
        cyclic = period
        while cyclic < len(tokens) and tokens[-cyclic - 1] == tokens[period - cyclic - 1]:
            cyclic += 1
        if cyclic >= _LEAST_TURNS * period:
            longest = max(longest, cyclic)
    return longest / len(tokens) if tokens else 0.0
