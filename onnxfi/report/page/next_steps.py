"""Finds out what to do next: which targets to protect, and how many injections to add."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist

from onnxfi.report.page.findings import Findings
from onnxfi.statistics import GroupStatistics, Rate, WeightedRate, weighted_rate

#: Margin of error that a reader is assumed to want: 1 percentage point.
MARGIN = 0.01
# Two-sided normal quantile of 95 %.
_Z = NormalDist().inv_cdf(0.975)
# A set of targets is worth naming if it holds this share of the SDC.
_MOST_SDC = 0.8
# Rows of the ranking.
_MOST_TARGETS = 20


@dataclass(frozen=True, slots=True)
class Candidate:
    """A target that could be protected.

    Attributes:
        target: its statistics.
        share: its share of all SDC of the network, with targets weighted by their bits.
        left: the rate of SDC of the network if this target and those before are protected.
    """

    target: GroupStatistics
    share: float
    left: WeightedRate


@dataclass(frozen=True, slots=True)
class Protection:
    """The targets by their share of all SDC under one error model.

    Attributes:
        error_model: the error model.
        before: the rate of SDC of the network today.
        candidates: the targets with SDC, the highest share first.
        chosen: the first of them, which together hold most of the SDC.
        omitted: number of further targets with SDC.
    """

    error_model: str
    before: WeightedRate
    candidates: Sequence[Candidate]
    chosen: Sequence[Candidate]
    omitted: int


@dataclass(frozen=True, slots=True)
class Precision:
    """How well the rates of SDC are known under one error model.

    Attributes:
        error_model: the error model.
        network: half the width of the interval of the network's rate.
        wide: number of targets whose interval is wider than the margin.
        targets: number of targets.
        more: injections to add at these targets to reach the margin.
    """

    error_model: str
    network: float
    wide: int
    targets: int
    more: int


def protection(findings: Findings, error_model: str) -> Protection:
    """Rank the targets by their share of all SDC under one error model."""
    targets = findings.of("target", error_model)
    weights = _weights(targets)
    rates = [x.per_inference["sdc"] for x in targets]
    before = weighted_rate(rates, weights)
    mass = [weight * rate.share for weight, rate in zip(weights, rates, strict=True)]
    total = math.fsum(mass)
    order = sorted((k for k in range(len(targets)) if mass[k]), key=lambda k: -mass[k])
    candidates = []
    for k in order[:_MOST_TARGETS]:
        rates[k] = replace(rates[k], count=0, low=0.0, high=0.0)
        candidates.append(Candidate(targets[k], mass[k] / total, weighted_rate(rates, weights)))
    chosen = 0
    while chosen < len(candidates) and candidates[chosen].left.share > (
        (1 - _MOST_SDC) * before.share
    ):
        chosen += 1
    return Protection(
        error_model,
        before,
        candidates,
        candidates[: chosen + 1],
        max(0, len(order) - _MOST_TARGETS),
    )


def precision(findings: Findings, error_model: str) -> Precision:
    """Return how many more injections it takes to know each target's rate to the margin."""
    targets = findings.of("target", error_model)
    more = [more_injections(x.per_inference["sdc"]) for x in targets]
    network = next(x for x in findings.statistics.network if x.error_model == error_model)
    rate = network.per_inference["sdc"]
    return Precision(
        error_model,
        (rate.high - rate.low) / 2,
        sum(1 for x in more if x),
        len(targets),
        sum(more),
    )


def more_injections(rate: Rate, margin: float = MARGIN) -> int:
    """Return how many injections to add until the interval's half-width is the margin.

    Assumes that the rate stays as it is. Where faults meet several inputs, the inferences count
    as much less as they do now.

    Args:
        rate: the rate so far, with its 95 % interval.
        margin: half the width of the wanted interval.
    """
    half = (rate.high - rate.low) / 2
    if half <= margin or not rate.total:
        return 0
    now, wanted = (_size_of(rate.share, width) for width in (half, margin))
    return math.ceil((wanted / now - 1) * rate.total)


def _size_of(share: float, half: float) -> float:
    """Return the number of independent trials whose 95 % Wilson interval has a half-width.

    h = z sqrt(p (1 - p) / n + z^2 / 4 n^2) / (1 + z^2 / n), solved for n.
    """
    z2, h2 = _Z**2, half**2
    b = z2 * (2 * h2 - share * (1 - share))
    c = z2**2 * (h2 - 0.25)
    return (-b + math.sqrt(b * b - 4 * h2 * c)) / (2 * h2)


def _weights(targets: Sequence[GroupStatistics]) -> list[float]:
    bits = [float(x.key["target_bits"]) for x in targets]
    return bits if any(bits) else [1.0] * len(bits)
