"""Tests the limits of Poisson counts."""

import numpy as np
import pytest

from onnxfi.errors import InputError
from onnxfi.failure_rates import BeamTest, FitInterval
from onnxfi.failure_rates.poisson import poisson_limits


@pytest.mark.parametrize(
    ("count", "low", "high"),  # Garwood's table
    [
        (0, 0.0, 3.689),
        (1, 0.0253, 5.572),
        (10, 4.795, 18.39),
        (12, 6.201, 20.96),
        (50, 37.11, 65.92),
    ],
)
def test_limits(count: int, low: float, high: float) -> None:
    assert poisson_limits(count) == pytest.approx((low, high), rel=1e-3)


@pytest.mark.thorough
def test_the_limits_of_large_counts_are_those_of_the_normal_distribution() -> None:
    assert poisson_limits(10_000) == pytest.approx((9805, 10198), abs=1.5)


@pytest.mark.parametrize("mean", [0.7, 3.0, 20.0])
def test_the_limits_cover(mean: float) -> None:
    counts = np.random.default_rng(0).poisson(mean, 4000)
    limits = {k: poisson_limits(k) for k in set(counts.tolist())}
    covered = np.mean([limits[k][0] <= mean <= limits[k][1] for k in counts.tolist()])
    assert covered >= 0.95  # exact limits cover at least so often


def test_a_beam_test() -> None:
    test = BeamTest.parse("errors=12, fluence=3.4e12")
    assert test.cross_section.fit == pytest.approx(12 / 3.4e12)
    assert test.fit.fit == pytest.approx(12 / 3.4e12 * 13e9)
    assert test.agrees_with(FitInterval(0.03, 0.02, 0.04))
    assert not test.agrees_with(FitInterval(0.3, 0.2, 0.4))
    for wrong in ("errors=12", "errors=1.5,fluence=1", "errors=1,fluence=0", "12"):
        with pytest.raises(InputError, match=r"errors=12,fluence=3\.4e12"):
            BeamTest.parse(wrong)
