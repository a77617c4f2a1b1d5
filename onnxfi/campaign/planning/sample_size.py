"""Computes how many faults a margin of error needs."""

import math
from statistics import NormalDist


def sample_size(population: int | None, *, margin: float, confidence: float, p: float = 0.5) -> int:
    """Return the number of faults to inject, of a finite population.

    n = N / (1 + e^2 (N - 1) / (t^2 p (1 - p))), rounded up. Source: R. Leveugle, A. Calvez,
    P. Maistri, P. Vanhauwaert, Statistical fault injection: quantified error and confidence,
    DATE 2009.

    Args:
        population: the number N of possible faults. If it is unknown (None), the limit
            t^2 p (1 - p) / e^2 for large N is taken, which is never too small.
        margin: the margin of error e, half the width of the interval, above 0.
        confidence: above 0 and below 1; t is its two-sided quantile of the normal distribution.
        p: the expected rate, above 0 and below 1; 0.5 gives the largest sample.
    """
    t = NormalDist().inv_cdf(0.5 + confidence / 2)
    limit = t * t * p * (1 - p) / (margin * margin)
    if population is None:
        return math.ceil(limit)
    return min(population, math.ceil(population / (1 + (population - 1) / limit)))
