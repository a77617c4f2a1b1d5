"""Pairs the faults of two campaigns, and counts their outcomes in both."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from onnxfi.run_directory import read_shards
from onnxfi.statistics.grouping import FLAGGED, UNFLAGGED_SDC

#: A target and an error model.
PairKey = tuple[str, str]

#: Counted beside outcomes: before, whether a fault is sdc or due; after, whether it did this to the
#: first model in an inference in which no alarm of the second one was raised.
MISSED = "missed"

_IDENTITY = ("injection_id", "fault_id", "target", "error_model", "input_index")
_READ = (*_IDENTITY, "indices", "bit", "outcome")
# Odd multipliers of 64 bits for hashing (the golden ratio, and a prime of xxHash).
_MIX = np.array([0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F], dtype=np.uint64)


@dataclass(frozen=True, slots=True)
class PairCounts:
    """Numbers of faults with an outcome in two campaigns.

    Attributes:
        both: number of faults that have it in both.
        only_before: number of faults that have it only in the first.
        only_after: number of faults that have it only in the second.
        neither: number of faults that have it in none.
    """

    both: int
    only_before: int
    only_after: int
    neither: int


def pair_faults(
    before: str | Path, after: str | Path, outcomes: Sequence[str]
) -> dict[PairKey, dict[str, PairCounts]] | None:
    """Return the counts of pairs by target and error model, and by outcome.

    A fault that met several inputs has an outcome if any of its inferences has it. Where the second
    model has alarms, sdc without an alarm and `MISSED` are counted as well.

    Args:
        before: the run directory of the first campaign.
        after: the run directory of the second campaign.
        outcomes: the outcomes to count.

    Returns:
        None unless both have the same injection sites and inputs throughout.

    Raises:
        ConfigurationError: one of them has no records, or a file is damaged.
    """
    tables = [_faults(place) for place in (before, after)]
    if any(len(x) != len(tables[0]) for x in tables):
        return None
    first, second = (x.sort_by("injection_id") for x in tables)
    if not all(first[name].equals(second[name]) for name in (*_IDENTITY, "sites")):
        return None
    columns = {name: first[name] for name in ("fault_id", "target", "error_model")}
    for outcome in outcomes:
        for side, table in (("before", first), ("after", second)):
            hit = pc.cast(pc.equal(table["outcome"], outcome), pa.int64())
            columns[f"{outcome} {side}"] = hit
    if FLAGGED in second.column_names:
        columns |= _unflagged(first, second)
        outcomes = (*outcomes, UNFLAGGED_SDC, MISSED)
    keys = ["target", "error_model"]
    any_of = [(name, "max") for name in columns if " " in name]
    by_fault = pa.table(columns).group_by([*keys, "fault_id"], use_threads=False).aggregate(any_of)
    found: dict[PairKey, dict[str, PairCounts]] = {}
    for outcome in outcomes:
        cells = [*keys, f"{outcome} before_max", f"{outcome} after_max"]
        for row in by_fault.group_by(cells).aggregate([([], "count_all")]).to_pylist():
            counts = found.setdefault((row["target"], row["error_model"]), {})
            cell = {
                (1, 1): "both",
                (1, 0): "only_before",
                (0, 1): "only_after",
                (0, 0): "neither",
            }[row[cells[2]], row[cells[3]]]
            known = counts.get(outcome, PairCounts(0, 0, 0, 0))
            values = {name: getattr(known, name) for name in PairCounts.__slots__}
            counts[outcome] = PairCounts(**{**values, cell: row["count_all"]})
    return found


def _unflagged(first: pa.Table, second: pa.Table) -> dict[str, pa.ChunkedArray]:
    """Return columns of 0 and 1 for sdc without an alarm, and for what alarms missed."""
    columns = {}
    for side, table in (("before", first), ("after", second)):
        sdc = pc.equal(table["outcome"], "sdc")
        if FLAGGED in table.column_names:
            sdc = pc.and_not(sdc, pc.fill_null(table[FLAGGED], False))
        columns[f"{UNFLAGGED_SDC} {side}"] = pc.cast(sdc, pa.int64())
    harmful = pc.is_in(first["outcome"], value_set=pa.array(["sdc", "due"]))
    missed = pc.and_not(harmful, pc.fill_null(second[FLAGGED], False))
    columns[f"{MISSED} before"] = pc.cast(harmful, pa.int64())
    columns[f"{MISSED} after"] = pc.cast(missed, pa.int64())
    return columns


def _faults(place: str | Path) -> pa.Table:
    """Return each injection's identity, a hash of its sites, its outcome, and its flag if any."""
    parts = []
    known = next(read_shards(place)).column_names
    flag = [FLAGGED] if FLAGGED in known else []
    for table in read_shards(place, [*_READ, *flag]):
        sites = _hash_sites(table["indices"]) * _MIX[0] + _hash_sites(table["bit"])
        kept = table.select([*_IDENTITY, "outcome", *flag])
        parts.append(kept.append_column("sites", pa.array(sites)))
    return pa.concat_tables(parts)


def _hash_sites(lists: pa.ChunkedArray) -> np.ndarray:
    """Return a 64-bit hash of each list."""
    array = lists.combine_chunks()
    flat = pc.fill_null(pc.list_flatten(array), -1).to_numpy(zero_copy_only=False)
    lengths = pc.fill_null(pc.list_value_length(array), 0).to_numpy(zero_copy_only=False)
    numbers = np.asarray(lengths, dtype=np.uint64)
    if flat.size:
        starts = np.concatenate([[0], np.cumsum(lengths)])
        within = np.arange(flat.size, dtype=np.uint64) - np.repeat(starts[:-1], lengths).astype(
            np.uint64
        )
        mixed = (flat.astype(np.int64).view(np.uint64) + _MIX[1]) * (2 * within + _MIX[0] | 1)
        some = lengths > 0
        numbers[some] += np.add.reduceat(mixed, starts[:-1][some])
    return numbers
