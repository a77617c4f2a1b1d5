"""Comparisons of texts, against the definitions."""

from collections.abc import Sequence
from functools import cache

import numpy as np
import pytest

from onnxfi.sequence import TokenComparison, compare_tokens


def distance(one: Sequence[int], other: Sequence[int]) -> int:
    """Return the edit distance by its recursive definition."""

    @cache
    def at(i: int, j: int) -> int:
        if not i or not j:
            return i + j
        replaced = at(i - 1, j - 1) + (one[i - 1] != other[j - 1])
        return min(replaced, at(i - 1, j) + 1, at(i, j - 1) + 1)

    return at(len(one), len(other))


def test_random_texts() -> None:
    rng = np.random.default_rng(0)
    for _ in range(200):
        golden, faulty = (rng.integers(0, 3, rng.integers(0, 9)).tolist() for _ in range(2))
        found = compare_tokens(golden, faulty)
        assert found.edit_distance == distance(golden, faulty)
        assert (found.first_difference is None) == (golden == faulty) == (found.divergence == 0)
        if found.first_difference is not None:
            same = found.first_difference
            assert golden[:same] == faulty[:same]
            assert golden[same : same + 1] != faulty[same : same + 1]


def test_equal_texts_of_no_length() -> None:
    assert compare_tokens([], []) == TokenComparison(None, 0.0, 0, False)


def test_missing_tokens_differ() -> None:
    assert compare_tokens([1, 2, 3, 4], [1, 2]) == TokenComparison(2, 0.5, 2, False)


@pytest.mark.parametrize(
    ("golden", "faulty", "collapsed"),
    [
        ("the text goes on", "the texxxxxxxxxx", True),
        ("the text goes on", "the t on on on o", True),
        ("the text goes on", "the text goes oo", False),
        ("so it goes ooooooooooooooo", "so it goes xxxxxxxxxxxxxxx", False),  # golden does, too
        ("abcdefgh", "abababcd", False),  # not at the end
    ],
)
def test_collapse(golden: str, faulty: str, collapsed: bool) -> None:
    assert compare_tokens([*golden.encode()], [*faulty.encode()]).collapsed == collapsed
