"""How many faults are enough."""

import math
from statistics import NormalDist


def sample_size(population: int | None, *, margin: float, confidence: float, p: float = 0.5) -> int:
    """Return how many faults of a finite population to inject.

    n = N / (1 + e^2 (N - 1) / (t^2 p (1 - p))), rounded up. Source: R. Leveugle, A. Calvez,
    P. Maistri, P. Vanhauwaert, Statistical fault injection: quantified error and confidence,
    DATE 2009.

    Args:
        population: the number N of faults that there are; None where they cannot be counted, for
            the formula's limit t^2 p (1 - p) / e^2, which is never too small.
        margin: the margin of error e, half the width of the interval, above 0.
        confidence: above 0 and below 1; t is its two-sided quantile of the normal distribution.
        p: the rate that is expected, above 0 and below 1; 0.5 asks for the most faults.
    """
    t = NormalDist().inv_cdf(0.5 + confidence / 2)
    limit = t * t * p * (1 - p) / (margin * margin)
    if population is None:
        return math.ceil(limit)
    return min(population, math.ceil(population / (1 + (population - 1) / limit)))
