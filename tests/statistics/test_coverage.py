"""Tests the coverage of the 95 % intervals by simulation."""

import math
from collections.abc import Sequence

import numpy as np
import pytest

from onnxfi.statistics import Rate
from onnxfi.statistics.difference import difference, paired_difference
from onnxfi.statistics.network import weighted_rate
from onnxfi.statistics.rate import ClusterSums

GOOD = (0.93, 0.97)


def beta_moment(a: float, b: float, power: int) -> float:
    """Return the mean of (1 - p)^power where p has a beta distribution."""
    log = math.lgamma(b + power) - math.lgamma(b) + math.lgamma(a + b) - math.lgamma(a + b + power)
    return math.exp(log)


def coverage(
    *, faults: int, inputs: int, a: float, b: float, repeats: int, seed: int = 0
) -> tuple[float, float, float]:
    """Return how often the truth is in the interval per inference, per fault, and in a naive one.

    Each fault has its own probability, drawn from a beta distribution, that an inference with it is
    an sdc: where a and b are small it is so almost always or almost never.
    """
    rng = np.random.default_rng(seed)
    per_inference, per_fault = a / (a + b), 1 - beta_moment(a, b, inputs)
    covered = np.zeros(3)
    for _ in range(repeats):
        hits = rng.binomial(inputs, rng.beta(a, b, faults))
        total, count = faults * inputs, int(hits.sum())
        sums = ClusterSums(
            faults=faults,
            hit=int((hits > 0).sum()),
            missed=int((hits < inputs).sum()),
            total=total,
            count=count,
            count_squares=int((hits**2).sum()),
            products=inputs * count,
            total_squares=inputs**2 * faults,
        )
        robust, naive = Rate.of_clusters(sums), Rate.of(count, total)
        faulty = Rate.of(int((hits > 0).sum()), faults)
        covered += [
            robust.low <= per_inference <= robust.high,
            faulty.low <= per_fault <= faulty.high,
            naive.low <= per_inference <= naive.high,
        ]
    inference, fault, naive_share = covered / repeats
    return inference, fault, naive_share


def test_intervals_per_inference_and_per_fault_cover_the_truth() -> None:
    inference, fault, naive = coverage(faults=300, inputs=20, a=0.3, b=1.2, repeats=1500)
    assert GOOD[0] <= inference <= GOOD[1]
    assert GOOD[0] <= fault <= GOOD[1]
    assert naive < 0.7  # as if all inferences were independent


@pytest.mark.nightly
@pytest.mark.parametrize("faults", [100, 300, 1000])
@pytest.mark.parametrize("inputs", [1, 5, 50])
@pytest.mark.parametrize(
    ("a", "b"),
    [(0.3, 1.2), (0.2, 1.8), (2.0, 6.0), (20.0, 30.0), (0.02, 0.98), (0.05, 5.0), (0.3, 30.0)],
)
def test_intervals_cover_the_truth_for_many_kinds_of_faults(
    faults: int, inputs: int, a: float, b: float
) -> None:
    inference, fault, naive = coverage(faults=faults, inputs=inputs, a=a, b=b, repeats=20_000)
    print(f"faults={faults} inputs={inputs} a={a} b={b}: ", end="")  # noqa: T201
    print(f"inference {inference:.3f}, fault {fault:.3f}, naive {naive:.3f}")  # noqa: T201
    # Where few faults count, the steps of the binomial distribution show, as they do for faults
    # that meet one input each; with several inputs the interval is rather too wide.
    is_rare = faults * (1 - beta_moment(a, b, inputs)) < 20
    low, high = (0.91, 0.99) if is_rare else GOOD
    assert low <= inference <= high
    # Where nearly all faults count, the steps of the binomial distribution show.
    if faults * beta_moment(a, b, inputs) > 10 and not is_rare:
        assert GOOD[0] <= fault <= GOOD[1]


def network_coverage(shares: Sequence[float], weights: Sequence[float], *, repeats: int) -> float:
    rng = np.random.default_rng(1)
    truth = float(np.average(shares, weights=weights))
    covered = 0
    for _ in range(repeats):
        counts = rng.binomial(200, shares)
        rate = weighted_rate([Rate.of(int(x), 200) for x in counts], weights)
        covered += rate.low <= truth <= rate.high
    return covered / repeats


def test_the_rate_of_the_network_covers_the_truth() -> None:
    covered = network_coverage([0.05, 0.2, 0.01, 0.1], [1000, 300, 50, 4000], repeats=1500)
    assert GOOD[0] <= covered <= GOOD[1] + 0.01


@pytest.mark.nightly
@pytest.mark.parametrize("layers", [1, 3, 20, 100])
def test_the_rate_of_many_networks_covers_the_truth(layers: int) -> None:
    rng = np.random.default_rng(layers)
    shares, weights = rng.beta(0.5, 5, layers), rng.lognormal(8, 2, layers)
    covered = network_coverage(list(shares), list(weights), repeats=10_000)
    print(f"layers={layers}: {covered:.3f}")  # noqa: T201
    assert GOOD[0] <= covered


def test_stopping_early_keeps_the_coverage_and_estimates_a_little_low() -> None:
    rng = np.random.default_rng(3)
    truth, covered, shares = 0.05, 0, []
    for _ in range(1000):
        count = faults = 0
        rate = Rate.of(0, 0)
        while (rate.high - rate.low) / 2 > 0.03:
            faults += 100
            count += int(rng.binomial(100, truth))
            rate = Rate.of(count, faults)
        covered += rate.low <= truth <= rate.high
        shares.append(rate.share)
    assert GOOD[0] <= covered / 1000 <= GOOD[1] + 0.01
    assert -0.005 < np.mean(shares) - truth < 0  # what the documentation warns of


def test_differences_cover_the_truth() -> None:
    rng = np.random.default_rng(2)
    both, before, after, neither = 0.05, 0.08, 0.02, 0.85
    truth = after - before
    independent = paired = 0
    for _ in range(1500):
        cells = [int(x) for x in rng.multinomial(400, [both, before, after, neither])]
        found = paired_difference(
            both=cells[0], only_before=cells[1], only_after=cells[2], neither=cells[3]
        )
        paired += found.low <= truth <= found.high
        first, second = rng.binomial(400, [both + before, both + after])
        apart = difference(Rate.of(int(first), 400), Rate.of(int(second), 400))
        independent += apart.low <= truth <= apart.high
    assert GOOD[0] <= paired / 1500 <= GOOD[1]
    assert GOOD[0] <= independent / 1500 <= GOOD[1]
