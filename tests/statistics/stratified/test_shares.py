"""Tests which faults form a stratum."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onnxfi.statistics.stratified import SHARES, group_scores


def test_shares_of_many_different_scores() -> None:
    scores = np.random.default_rng(0).permutation(4000).astype(np.float64)
    strata, shares = group_scores(scores)
    assert shares == pytest.approx(SHARES, abs=1e-3)
    lowest = [scores[strata == x].min() for x in range(len(SHARES))]
    highest = [scores[strata == x].max() for x in range(len(SHARES))]
    assert all(low > high for low, high in zip(lowest[1:], highest[:-1], strict=True))


@given(st.lists(st.integers(-3, 3), min_size=1, max_size=60))
def test_equal_scores_stay_together(scores: list[int]) -> None:
    strata, shares = group_scores(np.array(scores))
    assert shares.sum() == pytest.approx(1)
    assert (shares > 0).all()
    assert np.bincount(strata) / len(scores) == pytest.approx(shares)
    for one in set(scores):
        assert len({int(x) for x, score in zip(strata, scores, strict=True) if score == one}) == 1
    ordered = strata[np.argsort(scores, kind="stable")]
    assert (np.diff(ordered) >= 0).all()


def test_one_score_is_one_stratum() -> None:
    strata, shares = group_scores(np.full(5, -np.inf))
    assert (strata.tolist(), shares.tolist()) == ([0] * 5, [1.0])
