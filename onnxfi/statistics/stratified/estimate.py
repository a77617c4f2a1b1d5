"""Computes a rate from strata, with an interval that holds where nothing was seen."""

import math

import numpy as np

from onnxfi.statistics.network import WeightedRate
from onnxfi.statistics.rate import normal_quantile
from onnxfi.statistics.stratified.counts import StratumCounts

# Hits below which a stratum joins those whose hits are counted together. In simulations of 12
# populations (docs/statistics.md) 5 covered; with 2, Wilson's intervals of single hits were summed.
_FEW = 5
# The upper limit allows for a further hit where few were seen, so it misses less often than half of
# 1 - confidence. Where that allowance is all of it, the lower limit may miss as much more often.
_LOWER_TAIL = 0.5


def stratified_rate(
    counts: StratumCounts, *, confidence: float = 0.95, draws: int | None = None
) -> WeightedRate:
    """Return the rate over all strata, with its interval.

    Strata with many hits have Wilson's interval each. The others are one sum of hits, each weighted
    with share / runs; its limits are the gamma limits of a weighted sum of Poisson counts, in which
    one further hit of the largest weight may hide: with nothing seen in a share W of the faults
    after n runs there, the upper limit is about 3.7 W / n. For a smaller excess of coverage, the
    upper limit is the mean of those with and without that further hit. The distances of all
    limits from the rates are combined as the root of their squares. The more of the upper limit is
    that allowance, the more of 1 - confidence the lower limit may use: up to three quarters, since
    the upper limit then hardly ever misses.

    Sources: E. B. Wilson, J. Am. Stat. Assoc. 22 (1927), 209-212; M. P. Fay, E. J. Feuer, Stat.
    Med. 16 (1997), 791-801; M. P. Fay, S. Kim, Biom. J. 59 (2017), 549-565 (the mean of both
    limits); G. Y. Zou, W. Huang, X. Zhang, Comput. Stat. Data Anal. 53 (2009), 1080-1085.

    Args:
        counts: the counts of the strata.
        confidence: the coverage.
        draws: number of scored faults from which the shares are known; None if they are exact.
    """
    if counts.share > 0.5:
        other = stratified_rate(counts.rare_side, confidence=confidence, draws=draws)
        return WeightedRate(1 - other.share, 1 - other.high, 1 - other.low)
    if bool((counts.runs[counts.shares > 0] == 0).any()):
        return WeightedRate(counts.share, 0.0, 1.0)
    z = normal_quantile(confidence)
    used = counts.shares > 0
    shares, runs, hits = (x[used] for x in (counts.shares, counts.runs, counts.hits))
    few = hits < _FEW
    _, above = _wilson_distances(shares[~few], runs[~few], hits[~few], z)
    _, high = _gamma_distances(shares[few] / runs[few], hits[few], z)
    above += high**2
    allowance = high**2 / above if above else 0.0
    z_low = normal_quantile(1 - (1 - confidence) * (1 + _LOWER_TAIL * allowance))
    below, _ = _wilson_distances(shares[~few], runs[~few], hits[~few], z_low)
    low, _ = _gamma_distances(shares[few] / runs[few], hits[few], z_low)
    below += low**2
    share = counts.share
    if draws is not None:
        # The variance of shares that were estimated from scored faults: multinomial.
        spread = float((shares * (hits / runs - share) ** 2).sum()) / draws
        below, above = below + z * z * spread, above + z * z * spread
    return WeightedRate(
        share, max(0.0, share - math.sqrt(below)), min(1.0, share + math.sqrt(above))
    )


def _wilson_distances(
    shares: np.ndarray, runs: np.ndarray, hits: np.ndarray, z: float
) -> tuple[float, float]:
    """Return the sums of squared distances of Wilson's limits from the rates."""
    rates, z2 = hits / runs, z * z
    centre = (rates + z2 / (2 * runs)) / (1 + z2 / runs)
    half = z * np.sqrt(rates * (1 - rates) / runs + z2 / (4 * runs**2)) / (1 + z2 / runs)
    below, above = rates - (centre - half), np.where(hits == runs, 0.0, centre + half - rates)
    return float(((shares * below) ** 2).sum()), float(((shares * above) ** 2).sum())


def _gamma_distances(weights: np.ndarray, hits: np.ndarray, z: float) -> tuple[float, float]:
    """Return the distances of the limits of a weighted sum of Poisson counts from the sum."""
    if not weights.size:
        return 0.0, 0.0
    total, variance = float((weights * hits).sum()), float((weights**2 * hits).sum())
    largest = float(weights.max())
    high = _gamma_quantile(total + largest, variance + largest**2, z)
    if not total:
        return 0.0, high
    high = (high + _gamma_quantile(total, variance, z)) / 2
    return total - _gamma_quantile(total, variance, -z), high - total


def _gamma_quantile(mean: float, variance: float, z: float) -> float:
    """Return a quantile of the gamma distribution by its normal deviate.

    By the cube-root approximation: E. B. Wilson, M. M. Hilferty, PNAS 17 (1931), 684-688. At two
    degrees of freedom, the fewest here, the upper limit is 0.6 % too low and the lower too low.
    """
    degrees = 2 * mean * mean / variance
    cube = 1 - 2 / (9 * degrees) + z * math.sqrt(2 / (9 * degrees))
    return mean * max(0.0, cube) ** 3
