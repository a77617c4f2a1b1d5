"""Defines the failure rates of a network on a chip, in FIT."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from onnxfi.statistics import Rate, WeightedRate


@dataclass(frozen=True, slots=True)
class FitInterval:
    """A failure rate in FIT (failures in 10^9 hours), with its 95 % interval.

    Attributes:
        fit: the rate.
        low: lower end.
        high: upper end.
    """

    fit: float
    low: float
    high: float

    def __str__(self) -> str:
        """Return the rate with its interval, or its upper limit where no failure was seen."""
        if self.fit == 0:
            return f"< {self.high:.3g} FIT at 95 %"
        return f"{self.fit:.3g} FIT [{self.low:.3g}, {self.high:.3g}]"

    @classmethod
    def of(cls, rate: Rate | WeightedRate, scale: float) -> "FitInterval":
        """Return a rate of outcomes times a rate of upsets in FIT."""
        return cls(rate.share * scale, rate.low * scale, rate.high * scale)


@dataclass(frozen=True, slots=True)
class TargetFit:
    """The failure rate that a target, or another element of the chip, contributes.

    Attributes:
        name: the target or the element.
        memory: the memory; empty for another element.
        bits: the bits of the target; 0 for another element.
        residency: the share of time that a bit holds live data.
        upsets: raw rate x bits x residency, in FIT.
        sdc: failures that corrupt the answer silently, before detection.
        due: failures that end as due.
        coverage: the share of silent failures that a detector sees.
    """

    name: str
    memory: str
    bits: int
    residency: float
    upsets: float
    sdc: FitInterval
    due: FitInterval
    coverage: float

    @property
    def residual(self) -> float:
        """Silent failures that no detector sees, in FIT."""
        return self.sdc.fit * (1 - self.coverage)

    @property
    def per_mebibit(self) -> float:
        """Residual FIT for each 2^20 bits: what protecting them saves."""
        return self.residual / self.bits * 2**20 if self.bits else math.nan


@dataclass(frozen=True, slots=True)
class FitReport:
    """The failure rates of a network on a chip.

    Attributes:
        targets: the contributions, the largest residual rate first.
        sdc: silent failures in all, before detection; the interval is of the sampling alone.
        due: failures that end as due.
        residual: silent failures that no detector sees.
        raw: upsets of all bits in FIT, live or not.
        low_raw: the residual rate if every raw rate is at the lower end of its interval.
        high_raw: the residual rate if every raw rate is at the upper end.
        budget: the budget in FIT; None without one.
        missing: targets of the campaign that lie in no memory; they are not counted.
    """

    targets: Sequence[TargetFit]
    sdc: FitInterval
    due: FitInterval
    residual: FitInterval
    raw: float
    low_raw: float
    high_raw: float
    budget: float | None
    missing: Sequence[str]

    @property
    def within_budget(self) -> bool | None:
        """Whether the upper end of the residual rate is within the budget; None without one."""
        return None if self.budget is None else self.residual.high <= self.budget

    @property
    def single_point_share(self) -> float:
        """The element's contribution to SPFM: 1 - residual / raw (ISO 26262-5, annex C)."""
        return 1 - self.residual.fit / self.raw if self.raw else 1.0

    @property
    def hourly(self) -> float:
        """The element's contribution to PMHF: residual failures in an hour (ISO 26262-5)."""
        return self.residual.fit * 1e-9
