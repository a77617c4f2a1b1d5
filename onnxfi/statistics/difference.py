"""Computes differences of rates, with intervals and p-values."""

import math
from dataclasses import dataclass
from statistics import NormalDist

from onnxfi.statistics.network import WeightedRate
from onnxfi.statistics.rate import Rate

_NORMAL = NormalDist()


@dataclass(frozen=True, slots=True)
class Difference:
    """The second rate minus the first, with its 95 % interval.

    Attributes:
        value: the difference of the shares, between -1 and 1.
        low: lower end of the interval.
        high: upper end of the interval.
    """

    value: float
    low: float
    high: float


def difference(before: Rate | WeightedRate, after: Rate | WeightedRate) -> Difference:
    """Return the difference of two independent rates.

    The interval is Newcombe's square-and-add interval. Source: R. G. Newcombe, Stat. Med. 17
    (1998), 873-890, method 10; for other kinds of rates, G. Y. Zou, A. Donner, Stat. Med. 27
    (2008), 1693-1702.
    """
    value = after.share - before.share
    below = math.hypot(after.share - after.low, before.high - before.share)
    above = math.hypot(after.high - after.share, before.share - before.low)
    return Difference(value, max(-1.0, value - below), min(1.0, value + above))


def two_proportion_p(before: Rate, after: Rate) -> float:
    """Return the two-sided p-value of the score test that two independent rates are equal.

    z = (p2 - p1) / sqrt(p (1 - p) (1/n1 + 1/n2)) with the pooled rate p. Source: A. Agresti,
    Categorical Data Analysis, 3rd ed. (2013), section 3.2.
    """
    total = before.total + after.total
    if not before.total or not after.total:
        return 1.0
    pooled = (before.count + after.count) / total
    variance = pooled * (1 - pooled) * (1 / before.total + 1 / after.total)
    if variance == 0:
        return 1.0
    return _two_sided((after.share - before.share) / math.sqrt(variance))


def interval_p(before: Rate | WeightedRate, after: Rate | WeightedRate) -> float:
    """Return a p-value from the intervals, for rates other than simple proportions.

    The standard error comes from the side of each interval that faces the other rate.
    """
    up = after.share >= before.share
    first = before.high - before.share if up else before.share - before.low
    second = after.share - after.low if up else after.high - after.share
    error = math.hypot(first, second) / _NORMAL.inv_cdf(0.975)
    return 1.0 if error == 0 else _two_sided((after.share - before.share) / error)


def paired_difference(*, both: int, only_before: int, only_after: int, neither: int) -> Difference:
    """Return the difference of two rates of the same faults.

    Source: R. G. Newcombe, Stat. Med. 17 (1998), 2635-2650, method 10.

    Args:
        both: number of faults that count both times.
        only_before: number of faults that count only before.
        only_after: number of faults that count only after.
        neither: number of the other faults.
    """
    total = both + only_before + only_after + neither
    if not total:
        return Difference(0.0, -1.0, 1.0)
    before, after = Rate.of(both + only_before, total), Rate.of(both + only_after, total)
    value = (only_after - only_before) / total
    phi = _phi(both, only_before, only_after, neither)
    below = (after.share - after.low, before.high - before.share)
    above = (after.high - after.share, before.share - before.low)
    ends = [math.sqrt(max(0.0, a * a - 2 * phi * a * b + b * b)) for a, b in (below, above)]
    return Difference(value, max(-1.0, value - ends[0]), min(1.0, value + ends[1]))


def mcnemar_p(only_before: int, only_after: int) -> float:
    """Return the p-value of McNemar's test, exact below 1000 differing faults.

    Source: Q. McNemar, Psychometrika 12 (1947), 153-157. Above, the normal approximation is used.
    """
    differing = only_before + only_after
    if differing == 0:
        return 1.0
    if differing >= 1000:
        return _two_sided((only_after - only_before) / math.sqrt(differing))
    fewer = min(only_before, only_after)
    tail = sum(math.comb(differing, k) for k in range(fewer + 1))
    return min(1.0, 2 * math.ldexp(float(tail), -differing))


def _phi(both: int, only_before: int, only_after: int, neither: int) -> float:
    """Return the correlation of the pairs, corrected for continuity if positive."""
    margins = (
        (both + only_before)
        * (only_after + neither)
        * (both + only_after)
        * (only_before + neither)
    )
    if margins == 0:
        return 0.0
    total = both + only_before + only_after + neither
    cross = float(both * neither - only_before * only_after)
    if cross > 0:
        cross = max(cross - total / 2, 0.0)
    return cross / math.sqrt(margins)


def _two_sided(z: float) -> float:
    return math.erfc(abs(z) / math.sqrt(2))
