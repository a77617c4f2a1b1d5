"""Weights the counts of records that were drawn from strata of scored faults."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from onnxfi.statistics.rate import Rate, wilson
from onnxfi.statistics.stratified import StratumCounts, stratified_rate

#: The columns that tell from which stratum a fault was drawn, and its share of all faults.
STRATUM, WEIGHT = "stratum", "weight"
_BY = ("error_model", STRATUM)


@dataclass(frozen=True, slots=True)
class EstimatedRate(Rate):
    """A share that was estimated from strata, with its interval.

    `count` and `total` are numbers of records; `share` is not their ratio, since strata are
    sampled at different densities.

    Attributes:
        estimate: the estimated share.
        part: the estimated share of the group among all faults of its error model.
    """

    estimate: float = 0.0
    part: float = 1.0

    @property
    def share(self) -> float:
        """The estimated share."""
        return self.estimate


class Sampling:
    """Counts how often the strata were drawn from, for each error model."""

    def __init__(self) -> None:
        """Begin without a record."""
        self._runs: dict[tuple[str, int], int] = {}
        self._shares: dict[tuple[str, int], float] = {}

    def add(self, prepared: pa.Table) -> None:
        """Add records as `prepare` returns them, of a campaign that samples by severity."""
        grouped = prepared.group_by(_BY).aggregate([(WEIGHT, "max"), (WEIGHT, "count")])
        for row in grouped.to_pylist():
            key = row["error_model"], row[STRATUM]
            self._runs[key] = self._runs.get(key, 0) + row[f"{WEIGHT}_count"]
            self._shares[key] = row[f"{WEIGHT}_max"]

    def rate(
        self, error_model: str, runs: Mapping[int, int], hits: Mapping[int, int]
    ) -> EstimatedRate:
        """Return a rate among all faults, or among those of a group.

        Where the group has all records, the interval is that of `stratified_rate`. For a part, it
        is Wilson's at the effective number of records, (sum of weights)^2 / sum of their squares.
        Source: L. Kish, Survey Sampling, Wiley 1965; E. L. Korn, B. I. Graubard, Survey
        Methodology 24 (1998), 193-201.

        Args:
            error_model: the error model.
            runs: number of records of the group by stratum.
            hits: those of them that count.
        """
        strata = sorted(stratum for label, stratum in self._runs if label == error_model)
        shares = np.array([self._shares[error_model, x] for x in strata])
        drawn = np.array([self._runs[error_model, x] for x in strata])
        inside = np.array([runs.get(x, 0) for x in strata])
        counting = np.array([hits.get(x, 0) for x in strata])
        count, total = int(counting.sum()), int(inside.sum())
        if bool((inside == drawn).all()):
            counts = StratumCounts(shares / shares.sum(), inside, counting)
            found = stratified_rate(counts)
            return EstimatedRate(count, total, found.low, found.high, found.share)
        weights = shares / drawn
        whole, squares = float((weights * inside).sum()), float((weights**2 * inside).sum())
        if not whole:
            return EstimatedRate(count, total, 0.0, 1.0, 0.0, 0.0)
        share, effective = float((weights * counting).sum()) / whole, whole**2 / squares
        # As a count of the effective records; an end at 0 or 1 stays there.
        low, high = wilson(share * effective, effective, effective)
        part = whole / float(shares.sum())
        return EstimatedRate(count, total, max(0.0, low), min(1.0, high), share, part)
