"""Tests how many runs each stratum gets next."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onnxfi.statistics import WeightedRate
from onnxfi.statistics.stratified import (
    PILOT,
    StratumCounts,
    allocate,
    pilot,
    round_size,
    stratified_rate,
)
from onnxfi.statistics.stratified import SHARES as ALL_SHARES
from tests.statistics.stratified.test_estimate import any_counts

SHARES = np.array([0.5, 0.25, 0.125, 0.125])


# Runs after which each stratum is explored.
EXPLORED = 16


def after(hits: list[int], runs: int = EXPLORED) -> StratumCounts:
    return StratumCounts(SHARES, np.full(4, runs), np.array(hits))


@given(any_counts(), st.integers(0, 3000))
def test_as_many_as_asked_for(some: StratumCounts, further: int) -> None:
    found = allocate(some, further)
    assert found.sum() == further
    assert (found >= 0).all()
    assert (found == allocate(some, further)).all()


@pytest.mark.parametrize("hits", [0, 1, EXPLORED])
def test_strata_that_are_alike_are_sampled_in_proportion(hits: int) -> None:
    counts = after([hits] * 4)
    total = counts.runs + allocate(counts, 10_000)
    assert total / total.sum() == pytest.approx(SHARES, abs=1e-3)


def test_a_stratum_that_stands_out_gets_more_than_its_share() -> None:
    counts = after([0, 0, 0, 8])
    total = counts.runs + allocate(counts, 2000)
    assert total[3] / total.sum() > 2 * SHARES[3]
    # The others stay in proportion: an upper limit is as high as the thinnest of them allows.
    assert total[:3] / total[:3].sum() == pytest.approx(SHARES[:3] / SHARES[:3].sum(), abs=0.02)


def test_one_that_differs_by_chance_does_not() -> None:
    counts = after([1, 0, 2, 1])
    total = counts.runs + allocate(counts, 2000)
    assert total / total.sum() == pytest.approx(SHARES, abs=1e-3)


def test_what_mostly_fails_is_allocated_by_what_does_not() -> None:
    few = after([0, 1, 0, 9])
    most = StratumCounts(SHARES, few.runs, few.runs - few.hits)
    assert (allocate(few, 777) == allocate(most, 777)).all()


def test_a_stratum_is_explored_before_others_get_more_unless_the_rate_is_common() -> None:
    rare = after([0, 0, 0, 1], runs=PILOT)
    assert allocate(rare, 48).tolist() == [12, 12, 12, 12]
    assert allocate(rare, 8).tolist() == [2, 2, 2, 2]
    total = rare.runs + allocate(rare, 10_000)
    assert total / total.sum() == pytest.approx(SHARES, abs=1e-3)
    common = after([2, 2, 2, 2], runs=PILOT)
    assert allocate(common, 32).tolist() == [20, 8, 2, 2]


def test_adjacent_strata_that_are_alike_decide_together() -> None:
    # 40 and 55 of 1000 differ by less than chance explains: both get the same runs for their share.
    counts = StratumCounts(SHARES, np.full(4, 1000), np.array([2, 3, 40, 55]))
    further = allocate(counts, 5000)
    assert further[2] == pytest.approx(further[3], abs=1)
    apart = StratumCounts(SHARES, np.full(4, 1000), np.array([2, 3, 40, 400]))
    assert allocate(apart, 5000)[3] > 1.5 * allocate(apart, 5000)[2]


@pytest.mark.thorough
def test_a_score_that_says_little_biases_nothing() -> None:
    """Rates as under random values on the demo network: each stratum alone was biased by -0.27."""
    rates = np.array([37, 201, 321, 391, 478, 490, 354, 347, 394, 1197]) / 1e4
    shares, estimates, halves = np.array(ALL_SHARES), [], []
    truth = float(shares @ rates)
    for number in range(120):
        rng = np.random.default_rng([number, 9])
        counts = StratumCounts(shares, pilot(shares), rng.binomial(pilot(shares), rates))
        while True:
            found = stratified_rate(counts)
            half = (found.high - found.low) / 2
            if half <= 0.1 * found.share:
                break
            more = allocate(counts, round_size(counts, found, 0.1 * found.share))
            hits = counts.hits + rng.binomial(more, rates)
            counts = StratumCounts(shares, counts.runs + more, hits)
        estimates.append(found.share)
        halves.append(half)
    # The standard error of the bias is 0.05 of the half-width.
    assert abs(np.mean(estimates) - truth) < 0.2 * np.mean(halves)


def test_the_pilot_leaves_out_what_has_no_fault() -> None:
    assert pilot(np.array([0.7, 0.0, 0.3])).tolist() == [PILOT, 0, PILOT]


def test_rounds_grow_with_the_runs_and_end_at_the_margin() -> None:
    counts = after([1, 2, 0, 9], runs=1000)
    found = stratified_rate(counts)
    half = (found.high - found.low) / 2
    assert round_size(counts, found, half / 10) == 1000  # a quarter of the runs
    assert 40 <= round_size(counts, found, half / 1.05) < 1000
    assert round_size(counts, found, half / 10, most=7) == 7
    assert round_size(counts, WeightedRate(0.0, 0.0, 0.1), 0.0) == 1000
