"""Holds what is known of each stratum: its share of the faults, its runs, and its hits."""

from dataclasses import dataclass

import numpy as np

from onnxfi.errors import InputError


@dataclass(frozen=True, slots=True, eq=False)
class StratumCounts:
    """The runs of each stratum, and those that count.

    Attributes:
        shares: float64, shape ``(strata,)``: the share of all faults that lie in each stratum; its
            sum is 1.
        runs: int64, shape ``(strata,)``: independent runs of faults drawn uniformly in each.
        hits: int64, shape ``(strata,)``: runs that count, such as those that ended in sdc.

    Raises:
        InputError: the shapes differ, the shares do not add up to 1, or hits exceed runs.
    """

    shares: np.ndarray
    runs: np.ndarray
    hits: np.ndarray

    def __post_init__(self) -> None:
        """Check that the arrays belong together."""
        if not self.shares.shape == self.runs.shape == self.hits.shape or self.shares.ndim != 1:
            raise InputError(
                "shares, runs and hits must have one entry for each stratum, got the shapes "
                f"{self.shares.shape}, {self.runs.shape} and {self.hits.shape}."
            )
        if abs(float(self.shares.sum()) - 1) > 1e-9 or bool((self.shares < 0).any()):
            raise InputError(
                f"shares must not be negative and must add up to 1, got {self.shares.tolist()}."
            )
        if bool(((self.hits < 0) | (self.hits > self.runs)).any()):
            raise InputError(
                f"hits must lie between 0 and the runs, got {self.hits.tolist()} of "
                f"{self.runs.tolist()}."
            )

    @property
    def total(self) -> int:
        """Number of all runs."""
        return int(self.runs.sum())

    @property
    def share(self) -> float:
        """The estimated rate: the mean of the strata's rates, weighted with their shares.

        Without runs in a stratum, its rate counts as 0.
        """
        return float((self.shares * self.hits / np.maximum(self.runs, 1)).sum())

    @property
    def rare_side(self) -> "StratumCounts":
        """These counts, with the runs that do not count as hits where most runs count."""
        if self.share <= 0.5:
            return self
        return StratumCounts(self.shares, self.runs, self.runs - self.hits)
