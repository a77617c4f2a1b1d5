"""Tests sample sizes for margins of error."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onnxfi.campaign.planning.sample_size import sample_size

T95, T99 = 1.959963984540054, 2.5758293035489004  # of tables


# n = N / (1 + e^2 (N - 1) / (t^2 p (1 - p))), worked out by hand with t = 1.96 and 2.576.
@pytest.mark.parametrize(
    ("population", "margin", "confidence", "expected"),
    [
        (10_000, 0.05, 0.95, 370),
        (100_000, 0.05, 0.95, 383),
        (10**9, 0.05, 0.95, 385),
        (10_000, 0.01, 0.95, 4_900),
        (10**6, 0.01, 0.95, 9_513),
        (10**9, 0.01, 0.99, 16_587),
        (1, 0.01, 0.99, 1),
        (None, 0.05, 0.95, 385),
        (None, 0.01, 0.99, 16_588),
    ],
)
def test_known_sample_sizes(
    population: int | None, margin: float, confidence: float, expected: int
) -> None:
    assert sample_size(population, margin=margin, confidence=confidence) == expected


@given(st.integers(1, 10**12), st.floats(1e-3, 0.4), st.floats(0.01, 0.99))
def test_the_margin_is_kept_and_no_smaller_sample_keeps_it(
    population: int, margin: float, p: float
) -> None:
    n = sample_size(population, margin=margin, confidence=0.99, p=p)

    def reached(size: int) -> float:
        # Half the interval of a sample without replacement, with the finite-population correction.
        correction = (population - size) / max(1, population - 1)
        return T99 * math.sqrt(p * (1 - p) / size * correction)

    assert 1 <= n <= population
    assert reached(n) <= margin * (1 + 1e-9)
    assert n == 1 or reached(n - 1) >= margin * (1 - 1e-9)
