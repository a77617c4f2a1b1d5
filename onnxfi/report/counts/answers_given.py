"""Counts which class became which."""

from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc

_KEYS = ("error_model", "golden_top1", "top1")

#: The golden class and the faulty one.
ClassPair = tuple[int, int]


class AnswersGiven:
    """Counts injections by golden and faulty class, within each error model."""

    def __init__(self) -> None:
        """Begin without a record."""
        self._sums: pa.Table | None = None

    def add(self, records: pa.Table) -> None:
        """Add records; those without classes, and due ones, are left out."""
        if not {*_KEYS} <= {*records.column_names}:
            return
        silent = pc.and_(
            pc.not_equal(records["outcome"], "due"),
            pc.and_(pc.is_valid(records["golden_top1"]), pc.is_valid(records["top1"])),
        )
        found = records.filter(silent).select(_KEYS)
        found = found.append_column("count", pa.repeat(pa.scalar(1, pa.int64()), len(found)))
        if self._sums is not None:
            found = pa.concat_tables([self._sums, found])
        sums = found.group_by(list(_KEYS), use_threads=False).aggregate([("count", "sum")])
        self._sums = sums.rename_columns(
            [x.removesuffix("_sum") for x in sums.column_names]
        ).select([*_KEYS, "count"])

    def found(self) -> dict[str, Mapping[ClassPair, int]]:
        """Return the counts of each error model."""
        counts: dict[str, dict[ClassPair, int]] = {}
        for row in [] if self._sums is None else self._sums.to_pylist():
            of_model = counts.setdefault(row["error_model"], {})
            of_model[row["golden_top1"], row["top1"]] = row["count"]
        return dict(counts)
