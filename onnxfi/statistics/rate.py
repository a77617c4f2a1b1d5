"""Computes shares with confidence intervals, for independent and for clustered injections."""

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Self


@dataclass(frozen=True, slots=True)
class Rate:
    """A share with its Wilson score interval, 95 % by default.

    Source of the interval: E. B. Wilson, J. Am. Stat. Assoc. 22 (1927), 209-212.

    Attributes:
        count: number of trials that count.
        total: number of all trials.
        low: lower end of the interval, a fraction between 0 and 1.
        high: upper end of the interval, a fraction between 0 and 1.
    """

    count: int
    total: int
    low: float
    high: float

    @classmethod
    def of(cls, count: int, total: int, *, confidence: float = 0.95) -> Self:
        """Return the rate of independent trials; without trials the interval is [0, 1]."""
        return cls(count, total, *wilson(count, total, total, confidence=confidence))

    @classmethod
    def of_clusters(cls, sums: "ClusterSums", *, confidence: float = 0.95) -> Self:
        """Return the rate of inferences that are clustered by fault.

        The interval is Wilson's at the effective number of inferences: the number of independent
        inferences with the variance observed between the faults (linearised ratio estimator). That
        variance is uncertain if few faults have an inference that counts (or one that does not),
        for which Student's t corrects. The effective number is at least the number of faults, and
        equals it if all or no inferences count.
        Source: E. L. Korn, B. I. Graubard, Survey Methodology 24 (1998), 193-201, there with
        another interval; J. N. K. Rao, A. J. Scott, Biometrics 48 (1992), 577-585.
        """
        size = _effective_size(sums, confidence)
        return cls(
            sums.count, sums.total, *wilson(sums.count, sums.total, size, confidence=confidence)
        )

    @property
    def share(self) -> float:
        """The count as a fraction of the total; 0 without trials."""
        return self.count / self.total if self.total else 0.0

    def __str__(self) -> str:
        """Return the share in percent with its interval: ``2.7 % [2.1, 2.9]``."""
        return in_percent(self.share, self.low, self.high)


@dataclass(frozen=True, slots=True)
class ClusterSums:
    """Sums over faults, each with some inferences, from which the interval is computed.

    Attributes:
        faults: number of faults.
        hit: number of faults with an inference that counts.
        missed: number of faults with an inference that does not count.
        total: sum of the inferences m of each fault.
        count: sum of the inferences y of each fault that count.
        count_squares: sum of y^2.
        products: sum of y m.
        total_squares: sum of m^2.
    """

    faults: int
    hit: int
    missed: int
    total: int
    count: int
    count_squares: int
    products: int
    total_squares: int


def in_percent(share: float, low: float, high: float) -> str:
    """Return a share in percent with its interval, as text."""
    return f"{100 * share:.1f} % [{100 * low:.1f}, {100 * high:.1f}]"


def wilson(
    count: float, total: float, effective: float, *, confidence: float = 0.95
) -> tuple[float, float]:
    """Return the Wilson interval of a share as if it came from `effective` trials."""
    if total == 0 or effective <= 0:
        return 0.0, 1.0
    z = normal_quantile(confidence)
    share, z2 = count / total, z * z
    centre = (share + z2 / (2 * effective)) / (1 + z2 / effective)
    spread = share * (1 - share) / effective + z2 / (4 * effective * effective)
    half = z * math.sqrt(spread) / (1 + z2 / effective)
    # If none or all count, an end is exactly 0 or 1 whatever the rounding.
    low = 0.0 if count == 0 else centre - half
    high = 1.0 if count == total else centre + half
    return low, high


def normal_quantile(confidence: float) -> float:
    """Return the two-sided quantile of the standard normal distribution: 1.96 for 0.95."""
    return NormalDist().inv_cdf(0.5 + confidence / 2)


def _effective_size(sums: ClusterSums, confidence: float) -> float:
    telling = min(sums.hit, sums.missed)
    if telling < 2:
        return sums.faults
    share = sums.count / sums.total
    squares = sums.count_squares - 2 * share * sums.products + share**2 * sums.total_squares
    variance = sums.faults / (sums.faults - 1) * max(squares, 0.0) / sums.total**2
    # At least the variance of independent inferences.
    variance = max(variance, share * (1 - share) / sums.total)
    size = share * (1 - share) / variance
    return max(size * _few_faults(telling - 1, confidence), min(size, sums.faults))


def _few_faults(degrees: int, confidence: float) -> float:
    """Return (z / t)^2, with Student's t by its expansion (Abramowitz, Stegun, 26.7.5)."""
    z = normal_quantile(confidence)
    first = (z**3 + z) / 4
    second = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    t = z + first / degrees + second / degrees**2
    return (z / t) ** 2
