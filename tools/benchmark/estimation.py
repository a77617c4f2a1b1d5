"""Compares sampling by severity with uniform draws, on a population of faults with known results.

Simulates campaigns that draw faults of the population, each with a random input, and know no result
before they draw. Their strata come from the scores, their runs from `allocate`, their intervals
from `stratified_rate`: the code of the product. Prints the runs until the half-width of the 95 %
interval is a tenth of the rate, the variance, bias and coverage.

The population is a .npz file with one entry per fault in the arrays ``bit`` (of a float32 value),
``inferences`` and ``critical``: the inputs that the fault met, and those whose answer was wrong.
Its score is the order of the bits by severity: mantissa, sign, exponent.

Usage: python tools/benchmark/estimation.py --population FILE.npz [--repetitions 2000] [--json OUT]
"""

import argparse
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from onnxfi.error_models import bit_layout
from onnxfi.statistics import WeightedRate, wilson
from onnxfi.statistics.stratified import (
    StratumCounts,
    allocate,
    group_scores,
    pilot,
    round_size,
    stratified_rate,
)

_RELATIVE = 0.1
_AT = (500, 1000, 2000)
# Runs after which a campaign gives up.
_MOST = 10_000_000


@dataclass(frozen=True, slots=True)
class Strata:
    """A population in strata.

    Attributes:
        shares: share of each stratum in the faults.
        rates: share of the runs in each stratum that are critical.
    """

    shares: np.ndarray
    rates: np.ndarray

    @property
    def rate(self) -> float:
        """The rate of the whole population."""
        return float(self.shares @ self.rates)


@dataclass(frozen=True, slots=True)
class Estimates:
    """The estimates of repeated campaigns.

    Attributes:
        shares: the estimated rates.
        low: the lower limits.
        high: the upper limits.
        runs: the runs that they took.
    """

    shares: np.ndarray
    low: np.ndarray
    high: np.ndarray
    runs: np.ndarray

    def bias_share(self, rate: float) -> float:
        """Return the bias as a share of the mean half-width."""
        half = float((self.high - self.low).mean()) / 2
        return float(self.shares.mean() - rate) / half if half else 0.0

    def coverage(self, rate: float) -> float:
        """Return the share of the intervals that hold the rate."""
        inside = (self.low <= rate + 1e-12) & (rate <= self.high + 1e-12)
        return float(inside.mean())


def read_population(path: Path) -> Strata:
    """Read a population and group its faults by score."""
    with np.load(path) as file:
        bits, inferences, critical = (file[x] for x in ("bit", "inferences", "critical"))
    layout = bit_layout(np.dtype(np.float32))
    order = [*layout.mantissa, *layout.sign, *layout.exponent]
    scores = np.argsort(order)[bits.astype(np.int64)]
    strata, shares = group_scores(scores)
    rates = np.bincount(strata, critical / inferences) / np.bincount(strata)
    return Strata(shares, rates)


class SimulatedCampaign:
    """A campaign whose runs are drawn from known rates."""

    def __init__(self, strata: Strata, *, rng: np.random.Generator) -> None:
        """Run the pilot."""
        self._strata, self._rng = strata, rng
        none = np.zeros(strata.shares.size, dtype=np.int64)
        self.counts = StratumCounts(strata.shares, none, none)
        self._run(pilot(strata.shares))

    def until_runs(self, total: int) -> WeightedRate:
        """Run rounds until there are this many runs, and return the rate."""
        while (left := total - self.counts.total) > 0:
            found = stratified_rate(self.counts)
            size = round_size(self.counts, found, 0.0, most=left)
            self._run(allocate(self.counts, size))
        return stratified_rate(self.counts)

    def until_margin(self, relative: float) -> WeightedRate:
        """Run rounds until the half-width is this share of the rate, and return the rate."""
        while True:
            found = stratified_rate(self.counts)
            margin = relative * found.share
            done = 0 < (found.high - found.low) / 2 <= margin or self.counts.total >= _MOST
            if done:
                return found
            self._run(allocate(self.counts, round_size(self.counts, found, margin)))

    def _run(self, runs: np.ndarray) -> None:
        hits = self._rng.binomial(runs, self._strata.rates)
        self.counts = StratumCounts(
            self.counts.shares, self.counts.runs + runs, self.counts.hits + hits
        )


def repeat(strata: Strata, repetitions: int) -> tuple[dict[int, Estimates], Estimates]:
    """Return the estimates after fixed numbers of runs, and at the relative margin."""
    fixed: dict[int, list[tuple[WeightedRate, int]]] = {x: [] for x in _AT}
    ended: list[tuple[WeightedRate, int]] = []
    # Where no rate is above zero, no interval is ever a share of it.
    reachable = strata.rate > 0
    for number in range(repetitions):
        campaign = SimulatedCampaign(strata, rng=np.random.default_rng([number, 0]))
        for total in _AT:
            fixed[total].append((campaign.until_runs(total), campaign.counts.total))
        if reachable:
            campaign = SimulatedCampaign(strata, rng=np.random.default_rng([number, 1]))
            ended.append((campaign.until_margin(_RELATIVE), campaign.counts.total))
    return {x: _estimates(found) for x, found in fixed.items()}, _estimates(ended)


def _estimates(found: list[tuple[WeightedRate, int]]) -> Estimates:
    rows = np.array([(x.share, x.low, x.high, runs) for x, runs in found]).reshape(-1, 4)
    return Estimates(*rows.T)


def uniform_runs(rate: float, relative: float) -> int:
    """Return the uniform draws until the half-width of Wilson's interval is a share of the rate."""
    low, high = 1, 1
    while not _is_narrow(rate, high, relative):
        low, high = high, 2 * high
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if _is_narrow(rate, middle, relative) else (middle + 1, high)
    return high


def _is_narrow(rate: float, runs: int, relative: float) -> bool:
    low, high = wilson(round(rate * runs), runs, runs)
    return (high - low) / 2 <= relative * rate


def compare(strata: Strata, repetitions: int) -> dict[str, object]:
    """Return the figures of a population; None where one cannot be had."""
    rate = strata.rate
    fixed, ended = repeat(strata, repetitions)
    last = ended if ended.shares.size else fixed[_AT[-1]]
    runs = float(ended.runs.mean()) if ended.runs.size else math.nan
    uniform = uniform_runs(rate, _RELATIVE) if 0 < rate < 1 else None
    return {
        "rate": rate,
        "strata": strata.shares.size,
        "repetitions": repetitions,
        "uniform_faults": uniform,
        "severity_faults": None if math.isnan(runs) else runs,
        "faults_ratio": uniform / runs if uniform is not None else None,
        "variance_ratio": {str(x): _variance_ratio(rate, fixed[x], x) for x in _AT},
        "bias_share": last.bias_share(rate),
        "coverage": last.coverage(rate),
        "bias_share_at": {str(x): fixed[x].bias_share(rate) for x in _AT},
        "coverage_at": {str(x): fixed[x].coverage(rate) for x in _AT},
    }


def _variance_ratio(rate: float, found: Estimates, runs: int) -> float | None:
    variance = float(found.shares.var())
    return rate * (1 - rate) / runs / variance if variance else None


def _print(figures: Mapping[str, object]) -> None:
    for name, figure in figures.items():
        print(f"{name:<16}", json.dumps(figure))


def main() -> None:
    """Read the population, simulate the campaigns, and print the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--population", type=Path, required=True, help="the .npz file")
    parser.add_argument("--repetitions", type=int, default=2000, help="simulated campaigns")
    parser.add_argument("--json", type=Path, help="a file for the figures")
    arguments = parser.parse_args()
    figures = compare(read_population(arguments.population), arguments.repetitions)
    _print(figures)
    if arguments.json is not None:
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
