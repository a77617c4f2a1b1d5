"""Tests rates over strata, and their intervals."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onnxfi.errors import InputError
from onnxfi.statistics import Rate
from onnxfi.statistics.stratified import StratumCounts, stratified_rate


def counts(shares: list[float], runs: list[int], hits: list[int]) -> StratumCounts:
    return StratumCounts(np.array(shares), np.array(runs), np.array(hits))


@st.composite
def any_counts(draw: st.DrawFn) -> StratumCounts:
    weights = draw(st.lists(st.integers(1, 50), min_size=1, max_size=8))
    runs = [draw(st.integers(1, 400)) for _ in weights]
    hits = [draw(st.integers(0, x)) for x in runs]
    return counts([x / sum(weights) for x in weights], runs, hits)


def test_one_stratum_is_a_plain_rate() -> None:
    found, plain = stratified_rate(counts([1.0], [400], [37])), Rate.of(37, 400)
    assert (found.share, found.low, found.high) == pytest.approx(
        (plain.share, plain.low, plain.high)
    )


@pytest.mark.parametrize("strata", [1, 5, 20])
def test_where_nothing_was_seen_the_limit_is_that_of_all_runs_together(strata: int) -> None:
    """Minus the logarithm of 0.025 hits may be hidden, wherever they are most likely."""
    found = stratified_rate(counts([1 / strata] * strata, [1000 // strata] * strata, [0] * strata))
    assert (found.share, found.low) == (0, 0)
    assert found.high == pytest.approx(-np.log(0.025) / 1000, rel=0.01)


def test_a_stratum_with_few_runs_decides_the_limit() -> None:
    found = stratified_rate(counts([0.9, 0.1], [9000, 10], [0, 0]))
    assert found.high == pytest.approx(-np.log(0.025) * 0.1 / 10, rel=0.01)


def test_a_stratum_without_runs_may_hold_anything() -> None:
    found = stratified_rate(counts([0.9, 0.1], [900, 0], [9, 0]))
    assert (found.low, found.high) == (0, 1)
    # A stratum without faults needs no run.
    assert stratified_rate(counts([1.0, 0.0], [900, 0], [9, 0])).high < 0.03


@given(any_counts())
def test_the_other_outcome_has_the_other_interval(some: StratumCounts) -> None:
    found = stratified_rate(some)
    other = stratified_rate(StratumCounts(some.shares, some.runs, some.runs - some.hits))
    assert 0 <= found.low <= found.share + 1e-12
    assert found.share - 1e-12 <= found.high <= 1
    if abs(found.share - 0.5) > 1e-9:
        assert found.share + other.share == pytest.approx(1)
        assert (found.low + other.high, found.high + other.low) == pytest.approx((1, 1))


@given(any_counts())
def test_estimated_shares_widen_the_interval(some: StratumCounts) -> None:
    exact, rough = stratified_rate(some), stratified_rate(some, draws=100)
    assert rough.share == exact.share
    assert rough.low <= exact.low + 1e-12
    assert rough.high >= exact.high - 1e-12
    many = stratified_rate(some, draws=10**15)
    assert (many.low, many.high) == pytest.approx((exact.low, exact.high), abs=1e-6)


@pytest.mark.parametrize(
    ("shares", "runs", "hits", "said"),
    [
        ([0.5, 0.4], [1, 1], [0, 0], "add up to 1"),
        ([0.5, 0.5], [1, 1], [0, 2], "between 0 and the runs"),
        ([0.5, 0.5], [1], [0], "one entry for each stratum"),
    ],
)
def test_counts_must_belong_together(
    shares: list[float], runs: list[int], hits: list[int], said: str
) -> None:
    with pytest.raises(InputError, match=said):
        counts(shares, runs, hits)
