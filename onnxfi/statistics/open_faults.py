"""Finds the faults whose injections are all recorded."""

import pyarrow as pa
import pyarrow.compute as pc


class OpenFaults:
    """Counts the injections of each fault until the fault is complete."""

    def __init__(self, inputs_per_fault: int | None) -> None:
        """Begin without an injection.

        Args:
            inputs_per_fault: number of injections of a fault; None if unknown.
        """
        self._wanted = inputs_per_fault
        self._open: pa.Table | None = None

    def add(self, records: pa.Table) -> pa.Array | None:
        """Add records, and return the faults that they complete; None if there are none.

        Args:
            records: records with the column ``fault_id``.
        """
        if self._wanted is None:
            return None
        ones = pa.repeat(pa.scalar(1, pa.int64()), len(records))
        table = pa.table({"fault_id": records["fault_id"], "injections": ones})
        if self._open is not None:
            table = pa.concat_tables([self._open, table])
        counts = table.group_by("fault_id", use_threads=False).aggregate([("injections", "sum")])
        counts = counts.rename_columns(
            [x.removesuffix("_sum") for x in counts.column_names]
        ).select(["fault_id", "injections"])
        complete = pc.equal(counts["injections"], self._wanted)
        self._open = counts.filter(pc.invert(complete))
        closed = counts.filter(complete)["fault_id"]
        return closed.combine_chunks() if len(closed) else None
