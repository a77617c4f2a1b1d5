"""Finds out how many injections to add until each rate is known well."""

import math
from dataclasses import dataclass
from statistics import NormalDist

from onnxfi.report.counts.answers import MARGIN
from onnxfi.report.page.findings import Findings
from onnxfi.statistics import Rate

# Two-sided normal quantile of 95 %.
_Z = NormalDist().inv_cdf(0.975)


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


def precision(findings: Findings, error_model: str) -> Precision:
    """Return how many more injections it takes to know each target's rate to the margin."""
    targets = findings.of("target", error_model)
    more = [more_at_target(x.per_inference["sdc"]) for x in targets]
    network = next(x for x in findings.statistics.network if x.error_model == error_model)
    rate = network.per_inference["sdc"]
    return Precision(
        error_model,
        (rate.high - rate.low) / 2,
        sum(1 for x in more if x),
        len(targets),
        sum(more),
    )


def more_at_target(rate: Rate, margin: float = MARGIN) -> int:
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
