"""Defines a shard: the injections that one records file holds."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Shard:
    """Consecutive injections of one stratum, which share a records file.

    Attributes:
        first: id of the first injection.
        count: number of injections.
        stratum: index of the stratum in the plan.
    """

    first: int
    count: int
    stratum: int

    @property
    def file_name(self) -> str:
        """Name of the records file; files sort in the order of the injections."""
        return f"{self.first:012d}-{self.first + self.count - 1:012d}.parquet"
