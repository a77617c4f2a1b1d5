"""Prepares records for grouping and counting."""

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from onnxfi.error_models import bit_layout
from onnxfi.errors import ErrorModelError
from onnxfi.injector import OUTCOMES
from onnxfi.statistics.weighting import STRATUM, WEIGHT

#: The columns that records are grouped by, for each grouping. Error models are never pooled: the
#: rate of a mixture depends on how often each was drawn.
GROUPINGS: Mapping[str, tuple[str, ...]] = {
    "target": ("target", "layer", "op_type", "kind", "target_bits", "error_model"),
    "error_model": ("error_model",),
    "layer": ("layer", "error_model"),
    "operator": ("op_type", "error_model"),
    "bit": ("bit", "error_model"),
    "bit_field": ("bit_field", "error_model"),
    "pattern": ("pattern", "error_model"),
    "value_class": ("value_class", "error_model"),
    "input_class": ("input_class", "error_model"),
}
#: The columns of the records that no statistic needs.
NOT_READ = ("indices", "values", "target_of_site")
#: The due reason of records of older versions of onnxfi.
NOT_RECORDED = "not recorded"
#: Counts for labelled inputs: all; right without the fault; right with it; right only without it;
#: right only with it.
LABELLED, GOLDEN_RIGHT, RIGHT, LOST, GAINED = "labelled", "golden_right", "right", "lost", "gained"
#: Column: whether the answer is right without the fault; null without a label.
GOLDEN_CORRECT = "golden_correct"

#: For a hardened model: whether an alarm was raised; in spite of the fault's sdc none was; and
#: whether one is raised without a fault.
FLAGGED, UNFLAGGED_SDC, GOLDEN_FLAGGED = "flagged", "unflagged_sdc", "golden_flagged"
#: Column: true where the outcome is sdc or due, null elsewhere and where the model has no alarms.
HARMFUL = "harmful"

_NO_FLAGS = ("correct", FLAGGED, GOLDEN_FLAGGED)
_VALUE_CLASSES = ("zero", "nan", "in_range", "out_of_range", "flip")
_JOINT = " + "


def flags_of(schema: pa.Schema) -> list[str]:
    """Return the Boolean columns of the metric, such as ``sdc5``, and those of alarms."""
    found = [x.name for x in schema if pa.types.is_boolean(x.type) and x.name not in _NO_FLAGS]
    return [*found, *((FLAGGED, UNFLAGGED_SDC) if FLAGGED in schema.names else ())]


def prepare(records: pa.Table, flags: Sequence[str]) -> pa.Table:
    """Return the columns to group by, and the columns of 0 and 1 to count.

    A flag of the metric counts as sdc does: only if the outcome is not due. An alarm counts
    whatever the outcome.

    Args:
        records: some records.
        flags: the Boolean columns of the metric.
    """
    kept = ("injection_id", "fault_id", "input_index", "pattern")
    columns = {name: records[name] for name in (*kept, *GROUPINGS["target"])}
    if STRATUM in records.column_names:
        columns |= {name: records[name] for name in (STRATUM, WEIGHT)}
    columns["bit"] = _single_bits(records["bit"])
    columns["bit_field"] = _bit_fields(columns["bit"], records["dtype"])
    columns["value_class"] = _value_classes(records["value_classes"])
    golden = records["golden_top1"] if "golden_top1" in records.column_names else None
    label = records["label"]
    columns["input_class"] = label if golden is None else pc.coalesce(label, golden)
    columns["due_reason"] = _due_reasons(records)
    for outcome in OUTCOMES:
        columns[outcome] = _as_count(pc.equal(records["outcome"], outcome))
    silent = pc.not_equal(records["outcome"], "due")
    for flag in flags:
        if flag not in (FLAGGED, UNFLAGGED_SDC):
            columns[flag] = _as_count(pc.and_(pc.fill_null(records[flag], False), silent))
    if FLAGGED in records.column_names:
        raised, sdc = records[FLAGGED], pc.equal(records["outcome"], "sdc")
        columns[FLAGGED] = _as_count(raised)
        columns[UNFLAGGED_SDC] = _as_count(pc.and_not(sdc, raised))
        columns[GOLDEN_FLAGGED] = records[GOLDEN_FLAGGED]
        harmful = pc.or_(sdc, pc.equal(records["outcome"], "due"))
        columns[HARMFUL] = pc.if_else(harmful, True, pa.scalar(None, pa.bool_()))
    right = records["correct"]
    golden_right = pa.nulls(len(records), pa.bool_()) if golden is None else pc.equal(golden, label)
    labelled = pc.and_(pc.is_valid(right), pc.is_valid(golden_right))
    columns[GOLDEN_CORRECT] = golden_right
    columns[LABELLED] = _as_count(labelled)
    columns[GOLDEN_RIGHT] = _as_count(pc.and_(labelled, golden_right))
    columns[RIGHT] = _as_count(pc.and_(labelled, right))
    columns[LOST] = _as_count(pc.and_not(golden_right, right))
    columns[GAINED] = _as_count(pc.and_not(right, golden_right))
    return pa.table(columns)


def _due_reasons(records: pa.Table) -> pa.ChunkedArray:
    """Return the due reasons; null for other outcomes."""
    recorded = (
        records["due_reason"]
        if "due_reason" in records.column_names
        else pa.nulls(len(records), pa.string())
    )
    due = pc.equal(records["outcome"], "due")
    return pc.if_else(due, pc.fill_null(recorded, NOT_RECORDED), pa.scalar(None, pa.string()))


def _as_count(yes: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.cast(pc.fill_null(yes, False), pa.int64())


def _single_bits(lists: pa.ChunkedArray) -> pa.Array:
    """Return the flipped bit; null if there are several or none."""
    array = lists.combine_chunks()
    single = pc.fill_null(pc.equal(pc.list_value_length(array), 1), False)
    bits = np.full(len(array), -1, np.int16)
    bits[single.to_numpy(zero_copy_only=False)] = pc.fill_null(
        pc.list_flatten(array.filter(single)), -1
    ).to_numpy(zero_copy_only=False)
    return pa.array(bits, mask=bits < 0)


def _bit_fields(bits: pa.Array, dtypes: pa.ChunkedArray) -> pa.Array:
    """Return sign, exponent or mantissa for each bit; null for dtypes without these fields."""
    encoded = dtypes.combine_chunks().dictionary_encode()
    fields = np.full((len(encoded.dictionary) + 1, 65), None, dtype=object)
    for row, name in enumerate(encoded.dictionary.to_pylist()):
        try:
            layout = bit_layout(np.dtype(name))
        except (TypeError, ErrorModelError):  # several targets, or not a number
            continue
        for field in ("sign", "exponent", "mantissa"):
            fields[row, list(getattr(layout, field))] = field
    rows = pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False)
    places = pc.fill_null(bits, 64).to_numpy(zero_copy_only=False)
    return pa.array(fields[rows, places], pa.string())


def _value_classes(lists: pa.ChunkedArray) -> pa.Array:
    """Return the distinct value classes of each record's sites; null without a site."""
    array = lists.combine_chunks()
    lengths = pc.fill_null(pc.list_value_length(array), 0).to_numpy(zero_copy_only=False)
    codes = pc.index_in(pc.list_flatten(array), value_set=pa.array(_VALUE_CLASSES))
    flags = np.left_shift(1, codes.to_numpy(zero_copy_only=False).astype(np.int64))
    masks = np.zeros(len(array), np.int64)
    if flags.size:
        starts = np.concatenate([[0], np.cumsum(lengths)])[:-1]
        masks[lengths > 0] = np.bitwise_or.reduceat(flags, starts[lengths > 0])
    names = [
        _JOINT.join(name for k, name in enumerate(_VALUE_CLASSES) if mask >> k & 1) or None
        for mask in range(1 << len(_VALUE_CLASSES))
    ]
    return pa.array(names, pa.string()).take(pa.array(masks))
