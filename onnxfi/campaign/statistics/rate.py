"""A share and its interval, for injections that are independent and for those that are not."""

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Self


@dataclass(frozen=True, slots=True)
class Rate:
    """A share with its Wilson score interval, 95 % where nothing else is said.

    Source of the interval: E. B. Wilson, J. Am. Stat. Assoc. 22 (1927), 209-212.

    Attributes:
        count: those that count.
        total: all.
        low: lower end of the interval, a fraction between 0 and 1.
        high: upper end of the interval, a fraction between 0 and 1.
    """

    count: int
    total: int
    low: float
    high: float

    @classmethod
    def of(cls, count: int, total: int, *, confidence: float = 0.95) -> Self:
        """Return the rate of independent trials; without any the interval is [0, 1]."""
        return cls(count, total, *wilson(count, total, total, confidence=confidence))

    @classmethod
    def of_clusters(cls, sums: "ClusterSums", *, confidence: float = 0.95) -> Self:
        """Return the rate of inferences of which those with the same fault are alike.

        It is Wilson's interval at the effective number of inferences: as many independent ones as
        would have the variance that is seen between the faults (linearised ratio estimator). The
        fewer faults have an inference that counts (or that does not, if those are fewer), the less
        the variance is known, which Student's t corrects for; but there are at least as many
        inferences as faults. Where all or none count, the faults are counted.
        Source: E. L. Korn, B. I. Graubard, Survey Methodology 24 (1998), 193-201, there with
        another interval; J. N. K. Rao, A. J. Scott, Biometrics 48 (1992), 577-585.
        """
        size = _effective_size(sums, confidence)
        return cls(
            sums.count, sums.total, *wilson(sums.count, sums.total, size, confidence=confidence)
        )

    @property
    def share(self) -> float:
        """The count as a fraction of the total; 0 without any."""
        return self.count / self.total if self.total else 0.0


@dataclass(frozen=True, slots=True)
class ClusterSums:
    """What the interval needs of the faults, of which each has some inferences.

    Attributes:
        faults: number of faults.
        hit: number of faults of which any inference counts.
        missed: number of faults of which any inference does not count.
        total: sum of their inferences, m.
        count: sum of those that count, y.
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


def wilson(
    count: int, total: int, effective: float, *, confidence: float = 0.95
) -> tuple[float, float]:
    """Return the Wilson interval of a share as if it came from `effective` trials."""
    if total == 0 or effective <= 0:
        return 0.0, 1.0
    z = normal_quantile(confidence)
    share, z2 = count / total, z * z
    centre = (share + z2 / (2 * effective)) / (1 + z2 / effective)
    spread = share * (1 - share) / effective + z2 / (4 * effective * effective)
    half = z * math.sqrt(spread) / (1 + z2 / effective)
    # The ends are exactly 0 and 1 where none or all count; rounding must not hide it.
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
    # No more certain than if all were independent.
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
