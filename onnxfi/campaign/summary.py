"""What the records of a campaign add up to."""

import math
from collections import Counter
from dataclasses import dataclass
from typing import Self

import pyarrow as pa

# Two-sided 95 % quantile of the standard normal distribution.
_Z95 = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Rate:
    """A share of injections with its 95 % Wilson score interval.

    Source of the interval: E. B. Wilson, J. Am. Stat. Assoc. 22 (1927), 209-212.

    Attributes:
        count: injections that count.
        total: all injections.
        low: lower end of the interval, a fraction between 0 and 1.
        high: upper end of the interval, a fraction between 0 and 1.
    """

    count: int
    total: int
    low: float
    high: float

    @classmethod
    def of(cls, count: int, total: int) -> Self:
        """Return the rate of `count` in `total`; without injections the interval is [0, 1]."""
        if total == 0:
            return cls(count, total, 0.0, 1.0)
        share, z2 = count / total, _Z95 * _Z95
        centre = (share + z2 / (2 * total)) / (1 + z2 / total)
        spread = share * (1 - share) / total + z2 / (4 * total * total)
        half = _Z95 * math.sqrt(spread) / (1 + z2 / total)
        # The ends are exactly 0 and 1 where none or all count; rounding must not hide it.
        low = 0.0 if count == 0 else centre - half
        high = 1.0 if count == total else centre + half
        return cls(count, total, low, high)

    @property
    def share(self) -> float:
        """The count as a fraction of the total; 0 without injections."""
        return self.count / self.total if self.total else 0.0


@dataclass(frozen=True, slots=True)
class TargetSummary:
    """The outcomes of one error model at one target."""

    target: str
    layer: str | None
    op_type: str
    error_model: str
    injections: int
    masked: Rate
    benign: Rate
    sdc: Rate
    due: Rate


@dataclass(frozen=True, slots=True)
class BitSummary:
    """The outcomes of the injections that flipped one certain bit; bit 0 is the lowest.

    An injection that flips several bits counts at none of them.
    """

    bit: int
    injections: int
    masked: int
    benign: int
    sdc: int
    due: int


_GROUP = ("target", "layer", "op_type", "error_model")


def summarise_targets(records: pa.Table) -> list[TargetSummary]:
    """Return one summary per target and error model, in the order of the injections."""
    counts: dict[tuple[str, str | None, str, str], Counter[str]] = {}
    # Grouped by arrow: records may be millions, and groups are few.
    grouped = (
        records.group_by([*_GROUP, "outcome"])
        .aggregate([("injection_id", "count"), ("injection_id", "min")])
        .sort_by("injection_id_min")
    )
    for row in grouped.to_pylist():
        key = (row["target"], row["layer"], row["op_type"], row["error_model"])
        counts.setdefault(key, Counter())[row["outcome"]] = row["injection_id_count"]
    return [
        TargetSummary(
            *key,
            injections=outcomes.total(),
            masked=Rate.of(outcomes["masked"], outcomes.total()),
            benign=Rate.of(outcomes["benign"], outcomes.total()),
            sdc=Rate.of(outcomes["sdc"], outcomes.total()),
            due=Rate.of(outcomes["due"], outcomes.total()),
        )
        for key, outcomes in counts.items()
    ]


def summarise_bits(records: pa.Table) -> list[BitSummary]:
    """Return one summary per flipped bit, lowest bit first; empty where no bit was flipped."""
    import pyarrow.compute as pc

    single = records.filter(pc.fill_null(pc.equal(pc.list_value_length(records["bit"]), 1), False))
    flips = pa.table(
        {"bit": pc.list_flatten(single["bit"]), "outcome": single["outcome"]},
    )
    counts: dict[int, Counter[str]] = {}
    for row in flips.group_by(["bit", "outcome"]).aggregate([([], "count_all")]).to_pylist():
        counts.setdefault(row["bit"], Counter())[row["outcome"]] = row["count_all"]
    return [_bit_summary(bit, counts[bit]) for bit in sorted(counts)]


def _bit_summary(bit: int, outcomes: Counter[str]) -> BitSummary:
    return BitSummary(
        bit=bit,
        injections=outcomes.total(),
        masked=outcomes["masked"],
        benign=outcomes["benign"],
        sdc=outcomes["sdc"],
        due=outcomes["due"],
    )
