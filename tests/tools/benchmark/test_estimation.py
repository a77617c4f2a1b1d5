"""Tests the comparison of sampling by severity with uniform draws."""

from pathlib import Path

import numpy as np
import pytest

from tools.benchmark.estimation import compare, read_population, uniform_runs


def population(path: Path, rate_of_bit: dict[int, float], *, per_bit: int = 50) -> Path:
    bit = np.repeat(np.arange(32), per_bit)
    rates = np.array([rate_of_bit.get(int(x), 0.0) for x in bit])
    inferences = np.full(bit.size, 10_000)
    np.savez(path, bit=bit, inferences=inferences, critical=np.round(rates * inferences))
    return path


def test_one_bit_that_causes_all(tmp_path: Path) -> None:
    strata = read_population(population(tmp_path / "p.npz", {30: 0.4, 25: 0.001}))
    assert strata.rate == pytest.approx((0.4 + 0.001) / 32)
    assert strata.shares[-1] == pytest.approx(1 / 32)
    assert strata.rates[-1] == pytest.approx(0.4)
    found = compare(strata, 20)
    assert found["faults_ratio"] > 5  # type: ignore[operator]
    assert found["variance_ratio"]["1000"] > 5  # type: ignore[index]


@pytest.mark.thorough
@pytest.mark.parametrize(
    "rate_of_bit",
    [
        {30: 0.4, **dict.fromkeys(range(23, 30), 0.0008)},  # fp32 weights
        dict.fromkeys(range(32), 0.0125),  # a useless score
        dict.fromkeys(range(5), 0.08),  # a misleading one
        {bit: bit / 31 for bit in range(32)},
    ],
)
def test_intervals_cover_and_cost_no_more_than_uniform_draws(
    tmp_path: Path, rate_of_bit: dict[int, float]
) -> None:
    """With 500 repetitions, a coverage of 0.95 is seen as 0.92 or more in all but 1 of 1000."""
    strata = read_population(population(tmp_path / "p.npz", rate_of_bit))
    found = compare(strata, 500)
    coverages = [found["coverage"], *found["coverage_at"].values()]  # type: ignore[attr-defined]
    assert min(coverages) > 0.91
    assert found["faults_ratio"] > 1 / 1.1  # type: ignore[operator]
    assert abs(found["bias_share"]) < 0.1 + 3 / 500**0.5 / 2  # type: ignore[arg-type]


def test_without_a_critical_fault_no_ratio_is_given(tmp_path: Path) -> None:
    found = compare(read_population(population(tmp_path / "p.npz", {})), 5)
    assert (found["faults_ratio"], found["severity_faults"]) == (None, None)
    assert found["coverage"] == 1


def test_uniform_draws_for_a_tenth_of_the_rate() -> None:
    """By the normal approximation: z^2 (1 - p) / (0.01 p)."""
    assert uniform_runs(0.05, 0.1) == pytest.approx(1.96**2 * 0.95 / 0.0005, rel=0.02)
