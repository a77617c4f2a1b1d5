"""Counts records by group, in parts."""

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from onnxfi.statistics.rate import ClusterSums, Rate
from onnxfi.statistics.weighting import STRATUM, Sampling

_ROWS = "injections"
_FIRST = "first"
_FAULT = "fault_id"
# Rows of partial sums that are kept before they are added up.
_MOST_PARTIAL = 1 << 18


class Tally:
    """Sums the counted columns by group and, if a fault meets several inputs, by fault.

    Memory grows with the number of groups and, if faults are kept apart, with the number of faults
    that are not closed.
    """

    def __init__(self, keys: Sequence[str], counted: Sequence[str], *, clustered: bool) -> None:
        """Begin without a record.

        Args:
            keys: the columns to group by; records with a null in the first are left out.
            counted: the columns of 0 and 1 to add up.
            clustered: whether a fault may have several records.
        """
        self._keys = list(keys)
        self._counted = list(counted)
        self._by = [*keys, _FAULT] if clustered else list(keys)
        self._clustered = clustered
        # How the records were drawn, where strata of scored faults were sampled.
        self._sampling: Sampling | None = None
        self._partial: list[pa.Table] = []
        self._closed: list[pa.Table] = []
        self._rows = 0
        self._most_rows = _MOST_PARTIAL

    def add(self, prepared: pa.Table) -> None:
        """Add records as `prepare` returns them."""
        if STRATUM in prepared.column_names:
            if self._sampling is None:
                self._sampling = Sampling()
                self._by.append(STRATUM)
            self._sampling.add(prepared)
        known = prepared.filter(pc.is_valid(prepared[self._keys[0]])) if self._keys else prepared
        if not known.num_rows:
            return
        ones = pa.repeat(pa.scalar(1, pa.int64()), known.num_rows)
        table = known.select([*self._by, *self._counted]).append_column(_ROWS, ones)
        self._keep(self._sum(table.append_column(_FIRST, known["injection_id"])))

    def close(self, faults: pa.Array) -> None:
        """Close faults, which will get no more records, by adding up over them."""
        if not self._clustered or not self._partial:
            return
        table = self._sum(pa.concat_tables(self._partial))
        closed = pc.is_in(table[_FAULT], value_set=faults)
        self._closed.append(self._sums_over_faults(table.filter(closed)))
        self._partial = [table.filter(pc.invert(closed))]
        self._rows = self._partial[0].num_rows

    def groups(self) -> list["Group"]:
        """Return the groups in the order of their first records."""
        if not self._partial:
            return []
        table = self._sum(pa.concat_tables(self._partial))
        if self._sampling is not None:
            return self._weighted(table.sort_by(_FIRST).to_pylist(), self._sampling)
        sums = pa.concat_tables([*self._closed, self._sums_over_faults(table)])
        names = [x for x in sums.column_names if x not in (*self._keys, _FIRST)]
        aggregates = [*((name, "sum") for name in names), (_FIRST, "min")]
        together = _plain(sums.group_by(self._keys, use_threads=False).aggregate(aggregates))
        rows = together.sort_by(_FIRST).to_pylist()
        return [Group(row, self._keys, clustered=self._clustered) for row in rows]

    def _weighted(self, rows: list[dict[str, Any]], sampling: Sampling) -> list["Group"]:
        """Return the groups of rows that are kept apart by stratum."""
        together: dict[tuple[Any, ...], dict[int, dict[str, Any]]] = {}
        for row in rows:
            key = tuple(row[x] for x in self._keys)
            together.setdefault(key, {})[row[STRATUM]] = row
        return [WeightedGroup(parts, self._keys, sampling) for parts in together.values()]

    def _keep(self, part: pa.Table) -> None:
        self._partial.append(part)
        self._rows += part.num_rows
        if self._rows > self._most_rows:
            self._partial = [self._sum(pa.concat_tables(self._partial))]
            self._rows = self._partial[0].num_rows
            self._most_rows = max(_MOST_PARTIAL, 2 * self._rows)

    def _sum(self, table: pa.Table) -> pa.Table:
        sums = [(name, "sum") for name in (*self._counted, _ROWS)]
        grouped = table.group_by(self._by, use_threads=False).aggregate([*sums, (_FIRST, "min")])
        return _plain(grouped)

    def _sums_over_faults(self, table: pa.Table) -> pa.Table:
        aggregates: list[Any] = [(name, "sum") for name in (*self._counted, _ROWS)]
        size = table[_ROWS]
        if self._clustered:
            added = {"faults": pa.repeat(pa.scalar(1, pa.int64()), table.num_rows)}
            added["mm"] = pc.multiply(size, size)
            for name in self._counted:
                added[f"{name} any"] = pc.cast(pc.greater(table[name], 0), pa.int64())
                added[f"{name} all"] = pc.cast(pc.equal(table[name], size), pa.int64())
                added[f"{name} yy"] = pc.multiply(table[name], table[name])
                added[f"{name} ym"] = pc.multiply(table[name], size)
            for name, column in added.items():
                table = table.append_column(name, column)
                aggregates.append((name, "sum"))
        aggregates.append((_FIRST, "min"))
        return _plain(table.group_by(self._keys, use_threads=False).aggregate(aggregates))


class Group:
    """The sums of one group."""

    def __init__(self, row: dict[str, Any], keys: Sequence[str], *, clustered: bool) -> None:
        """Keep the sums of a row."""
        self._row = row
        self._clustered = clustered
        self.key: dict[str, Any] = {name: row[name] for name in keys}

    @property
    def injections(self) -> int:
        """Number of inferences with a fault."""
        return int(self._row[_ROWS])

    @property
    def faults(self) -> int:
        """Number of different faults."""
        return int(self._row["faults"]) if self._clustered else self.injections

    def count(self, name: str) -> int:
        """Return the number of injections that count in a column."""
        return int(self._row[name])

    def per_inference(self, name: str) -> Rate:
        """Return the share of injections that count; the interval respects clustering by fault."""
        if not self._clustered:
            return Rate.of(self.count(name), self.injections)
        return Rate.of_clusters(
            ClusterSums(
                faults=self.faults,
                hit=self._row[f"{name} any"],
                missed=self.faults - self._row[f"{name} all"],
                total=self.injections,
                count=self.count(name),
                count_squares=self._row[f"{name} yy"],
                products=self._row[f"{name} ym"],
                total_squares=self._row["mm"],
            )
        )

    def per_fault(self, name: str) -> Rate:
        """Return the share of faults with an inference that counts."""
        if not self._clustered:
            return Rate.of(self.count(name), self.injections)
        return Rate.of(int(self._row[f"{name} any"]), self.faults)


class WeightedGroup(Group):
    """The sums of one group of records that were drawn from strata of scored faults."""

    def __init__(
        self, parts: Mapping[int, dict[str, Any]], keys: Sequence[str], sampling: Sampling
    ) -> None:
        """Keep the sums of a row for each stratum."""
        first = next(iter(parts.values()))
        numbers = [x for x in first if x not in (*keys, STRATUM, _FIRST)]
        row = {x: first[x] for x in keys}
        row |= {x: sum(part[x] for part in parts.values()) for x in numbers}
        super().__init__(row, keys, clustered=False)
        self._parts = parts
        self._sampling = sampling

    def per_inference(self, name: str) -> Rate:
        """Return the share of all faults that count; the records have weights."""
        return self._sampling.rate(
            self.key["error_model"],
            {x: part[_ROWS] for x, part in self._parts.items()},
            {x: part[name] for x, part in self._parts.items()},
        )

    def per_fault(self, name: str) -> Rate:
        """Return the same, since each fault meets one input."""
        return self.per_inference(name)


def _plain(table: pa.Table) -> pa.Table:
    """Return an aggregated table under the original names of its columns."""
    names = [name.removesuffix("_sum").removesuffix("_min") for name in table.column_names]
    return table.rename_columns(names)
