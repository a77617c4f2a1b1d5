"""Tests the Wilson interval."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onnxfi.statistics import Rate

Z95 = 1.959963984540054


# R. G. Newcombe, Stat. Med. 17 (1998), 857-872, table I, method 3; and textbook values.
@pytest.mark.parametrize(
    ("count", "total", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
        (0, 10, 0.0, 0.2775),
        (5, 10, 0.2366, 0.7634),
        (10, 10, 0.7225, 1.0),
    ],
)
def test_wilson_interval_of_known_rates(count: int, total: int, low: float, high: float) -> None:
    rate = Rate.of(count, total)
    assert (rate.count, rate.total, rate.share) == (count, total, count / total)
    assert (rate.low, rate.high) == pytest.approx((low, high), abs=5.1e-5)


@given(st.integers(1, 10**6).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_ends_solve_the_score_equation(count_and_total: tuple[int, int]) -> None:
    count, total = count_and_total
    rate = Rate.of(count, total)
    assert 0 <= rate.low <= rate.share <= rate.high <= 1
    for end in (rate.low, rate.high):
        if end in (0.0, 1.0):
            continue
        # The interval is every p at which the score test does not reject.
        z = abs(rate.share - end) / math.sqrt(end * (1 - end) / total)
        assert z == pytest.approx(Z95, rel=1e-5)
    mirrored = Rate.of(total - count, total)
    assert (mirrored.low, mirrored.high) == pytest.approx((1 - rate.high, 1 - rate.low), abs=1e-12)


def test_a_rate_without_injections_says_nothing() -> None:
    assert Rate.of(0, 0) == Rate(0, 0, 0.0, 1.0)
    assert Rate.of(0, 0).share == 0.0
