"""Sequences of tokens against definitions in plain Python."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onnxfi.injector.metrics.tokens import Tokens, edit_distances


def distance(one: list[int], other: list[int]) -> int:
    """Return the Levenshtein distance by its recursive definition, row by row."""
    row = list(range(len(other) + 1))
    for i, x in enumerate(one, 1):
        before, row = row, [i]
        for j, y in enumerate(other, 1):
            row.append(min(before[j] + 1, row[-1] + 1, before[j - 1] + (x != y)))
    return row[-1]


TOKENS = st.lists(st.integers(0, 2), max_size=6)


@given(TOKENS, st.lists(TOKENS, min_size=1, max_size=3))
def test_edit_distances(golden: list[int], faulty: list[list[int]]) -> None:
    longest = max(map(len, faulty))
    padded = np.array([x + [9] * (longest - len(x)) for x in faulty], np.int64)
    padded = padded.reshape(len(faulty), longest)
    found = edit_distances(np.array(golden, np.int64), padded, np.array(list(map(len, faulty))))
    assert found.tolist() == [distance(golden, x) for x in faulty]


@pytest.mark.parametrize(
    ("end", "blank", "merge", "expected"),
    [
        (None, None, True, [1, 1, 0, 2, 2, 3]),
        (2, None, True, [1, 1, 0, 2]),
        (None, 0, True, [1, 2, 3]),
        (None, 0, False, [1, 1, 2, 2, 3]),
        (2, 0, True, [1, 2]),
        (7, 7, True, [1, 0, 2, 3]),
    ],
)
def test_decoding(end: int | None, blank: int | None, merge: bool, expected: list[int]) -> None:
    steps = np.array([[[1, 1, 0, 2, 2, 3]]])
    tokens = Tokens.of_steps(steps, end=end, blank=blank, merge_repeats=merge)
    assert tokens.values[0, 0, : tokens.lengths[0, 0]].tolist() == expected
    assert not tokens.values[0, 0, tokens.lengths[0, 0] :].any()
