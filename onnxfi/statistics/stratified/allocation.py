"""Allocates the next runs to strata, so that the interval of the rate narrows fastest."""

import math
from itertools import pairwise

import numpy as np

from onnxfi.statistics.network import WeightedRate
from onnxfi.statistics.rate import normal_quantile
from onnxfi.statistics.stratified.counts import StratumCounts

#: Runs of each stratum in the first round.
PILOT = 4
# The constants below were chosen by simulation; docs/statistics.md has the populations and figures.
# A stratum stands out if its rate lies above the mean by this many standard deviations: with fewer,
# chance alone moves runs to strata that are like the others, which biases the estimate.
_STANDS_OUT = 3.0
# Adjacent strata whose rates differ by fewer standard deviations are allocated as one: if each
# decided alone, those with too few hits by chance would get fewer runs and keep a rate that is too
# low, which biases the estimate.
_DIFFERS = 3.5
# Runs that every stratum gets before others get more, unless the rate is so common that these runs
# are as many as uniform draws need.
_EXPLORED, _COMMON = 16, 0.1
# Runs at the mean rate that are added to those of a stratum before its spread is estimated.
_PRIOR_RUNS = 4.0
# The least share of the runs for the strata that stand out, where their spread deserves as much:
# a narrow interval alone would leave them too few for a small variance.
_LEAST_SHARE = 0.35
# Standard deviations and hits by which the upper limit of a rare rate exceeds its count.
_FURTHER_HIT, _HALF_HIT = 1.0, 1.85
_STEPS = 50
# A round grows the runs by at most a quarter, so that later rounds know more; small rounds cost
# more than they teach.
_GROWTH, _LEAST_ROUND = 0.25, 40
# The half-width falls with the runs to this power in between, faster than their root, while strata
# without a hit dominate it.
_POWER = 1.5


def pilot(shares: np.ndarray) -> np.ndarray:
    """Return the runs of each stratum in the first round: int64, shape ``(strata,)``."""
    return np.where(shares > 0, PILOT, 0).astype(np.int64)


def allocate(counts: StratumCounts, further: int, *, confidence: float = 0.95) -> np.ndarray:
    """Return the further runs of each stratum.

    Adjacent strata that are alike count as one; their runs follow their shares. Strata whose rate
    stands out share their part by Neyman's rule, in proportion to share times standard deviation.
    The others are sampled in proportion to their shares: among faults of which none is known to be
    worse, that keeps the upper limit lowest. The two parts are balanced by the predicted width of
    the interval. Depends on the counts alone.

    Source: J. Neyman, J. R. Stat. Soc. 97 (1934), 558-625.

    Args:
        counts: the counts so far; each stratum has runs, and they are ordered by score.
        further: number of runs to allocate.
        confidence: the coverage of the interval.

    Returns:
        int64, shape ``(strata,)``, with the sum `further`.
    """
    rare = counts.rare_side
    total, mean, group = rare.total + further, rare.share, _group_alike(rare)
    shares, runs, hits = (np.bincount(group, x) for x in (rare.shares, rare.runs, rare.hits))
    runs = np.maximum(runs, 1)
    found = np.bincount(group, rare.shares * rare.hits / np.maximum(rare.runs, 1))
    out = (_lower_limits(hits, runs) > mean) & (hits >= 2)
    expected = (hits + _PRIOR_RUNS * mean) / (runs + _PRIOR_RUNS)
    spread = np.where(out, shares * np.sqrt(expected * (1 - expected)), 0.0)
    others = np.where(out, 0.0, shares)
    part = _part_of_others(
        float(spread.sum()),
        share=float(others.sum()),
        rate=float(found[~out].sum()),
        total=total,
        z=normal_quantile(confidence),
    )
    of_group = part * total * _parts(others) + (1 - part) * total * _parts(spread)
    inside = rare.shares / np.where(shares > 0, shares, 1.0)[group]
    explored = _explored(rare, further)
    missing = np.maximum(0.0, of_group[group] * inside - rare.runs - explored)
    left = further - int(explored.sum())
    return np.asarray(
        explored + _whole(left * _parts(missing if missing.any() else rare.shares), left)
    )


def _explored(rare: StratumCounts, further: int) -> np.ndarray:
    """Return the next runs of strata that are not explored yet: at most `further`."""
    wanted: np.ndarray = np.where(rare.shares > 0, np.maximum(0, _EXPLORED - rare.runs), 0)
    if rare.share >= _COMMON:
        return np.zeros(wanted.size, np.int64)
    if (total := int(wanted.sum())) <= further:
        return wanted
    return _whole(further * wanted / total, further)


def round_size(
    counts: StratumCounts, found: WeightedRate, margin: float, *, most: int | None = None
) -> int:
    """Return the number of runs of the next round.

    Args:
        counts: the counts so far.
        found: the rate with its interval.
        margin: the half-width that is wanted.
        most: the most further runs; None without a limit.
    """
    half = (found.high - found.low) / 2
    needed = counts.total * (half / margin) ** _POWER - counts.total if margin else math.inf
    size = max(_LEAST_ROUND, math.ceil(min(needed, _GROWTH * counts.total)))
    return size if most is None else min(size, most)


def _group_alike(counts: StratumCounts) -> np.ndarray:
    """Return the group of each stratum: adjacent strata whose rates do not differ share one.

    The two groups that are most alike are merged first, by the test of two proportions.
    """
    groups = [
        ([place], float(hits), float(max(runs, 1)))
        for place, (hits, runs) in enumerate(zip(counts.hits, counts.runs, strict=True))
    ]
    while len(groups) > 1:
        distances = [_distance(x[1:], y[1:]) for x, y in pairwise(groups)]
        nearest = int(np.argmin(distances))
        if distances[nearest] >= _DIFFERS:
            break
        (places, hits, runs), (more, others, further) = groups[nearest : nearest + 2]
        groups[nearest : nearest + 2] = [(places + more, hits + others, runs + further)]
    return np.repeat(np.arange(len(groups)), [len(x[0]) for x in groups])


def _distance(first: tuple[float, float], second: tuple[float, float]) -> float:
    """Return how many standard deviations the rates of two groups of hits and runs differ by."""
    (hits, runs), (others, further) = first, second
    mean = (hits + others) / (runs + further)
    variance = mean * (1 - mean) * (1 / runs + 1 / further)
    return abs(hits / runs - others / further) / math.sqrt(variance) if variance > 0 else 0.0


def _lower_limits(hits: np.ndarray, runs: np.ndarray) -> np.ndarray:
    """Return Wilson's lower limits of the strata's rates."""
    rates, z2 = hits / runs, _STANDS_OUT**2
    spread = np.sqrt(rates * (1 - rates) / runs + z2 / (4 * runs**2))
    return np.asarray((rates + z2 / (2 * runs) - _STANDS_OUT * spread) / (1 + z2 / runs))


def _part_of_others(spread: float, *, share: float, rate: float, total: int, z: float) -> float:
    """Return the part of all runs for the strata that do not stand out.

    Args:
        spread: the sum of share times standard deviation of those that stand out.
        share: the share of the others in the faults.
        rate: what the others add to the rate.
        total: all runs, those so far and the next.
        z: the normal quantile of the confidence.
    """
    if not spread:
        return 1.0
    if not share:
        return 0.0
    least = min(_LEAST_SHARE, spread / (spread + math.sqrt(rate * share)))
    parts = (1 - least) * np.linspace(1 / _STEPS, 1, _STEPS)
    weight = share / np.maximum(parts * total, 1)
    rare = weight * (_HALF_HIT + z * np.sqrt(rate / weight + _FURTHER_HIT))
    known = z * spread / np.sqrt(np.maximum((1 - parts) * total, 1))
    # The lower limit depends on what stands out, the upper one on both.
    return float(parts[np.argmin(known + np.hypot(known, rare))])


def _parts(weights: np.ndarray) -> np.ndarray:
    """Return weights with the sum 1, or zeros."""
    total = float(weights.sum())
    return np.asarray(weights / (total or 1.0))


def _whole(wanted: np.ndarray, total: int) -> np.ndarray:
    """Round to whole numbers with the given sum, by the largest remainders."""
    whole: np.ndarray = np.floor(wanted).astype(np.int64)
    left = total - int(whole.sum())
    order = np.argsort(whole - wanted, kind="stable")
    whole[order[:left]] += 1
    return whole
