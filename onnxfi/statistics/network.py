"""Computes the rate of a whole network from the rates of its targets."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from onnxfi.statistics.rate import Rate, in_percent


@dataclass(frozen=True, slots=True)
class WeightedRate:
    """A weighted mean of rates, with its 95 % interval.

    Attributes:
        share: the mean.
        low: lower end of the interval.
        high: upper end of the interval.
    """

    share: float
    low: float
    high: float

    def __str__(self) -> str:
        """Return the share in percent with its interval: ``2.7 % [2.1, 2.9]``."""
        return in_percent(self.share, self.low, self.high)


def weighted_rate(rates: Sequence[Rate | WeightedRate], weights: Sequence[float]) -> WeightedRate:
    """Return the weighted mean of independent rates.

    Each end of the interval is as far from the mean as the root of the weighted squares of the
    rates' distances (method of variance estimates recovery). Source: G. Y. Zou, W. Huang, X. Zhang,
    Comput. Stat. Data Anal. 53 (2009), 1080-1085.

    Args:
        rates: the rates, at least one.
        weights: one weight each, of any sum; if all are 0, all rates count alike.
    """
    if not any(weights):
        weights = [1.0] * len(rates)
    total = math.fsum(weights)
    parts = [(weight / total, rate) for weight, rate in zip(weights, rates, strict=True)]
    share = math.fsum(weight * rate.share for weight, rate in parts)
    below = math.fsum((weight * (rate.share - rate.low)) ** 2 for weight, rate in parts)
    above = math.fsum((weight * (rate.high - rate.share)) ** 2 for weight, rate in parts)
    return WeightedRate(
        share, max(0.0, share - math.sqrt(below)), min(1.0, share + math.sqrt(above))
    )
