"""Defines the columns of the records."""

from collections.abc import Mapping

import pyarrow as pa

from onnxfi.errors import ConfigurationError
from onnxfi.injector.metrics import ColumnType

#: The columns of every campaign, one row per injection. `target_of_site`, `bit`, `values` and
#: `value_classes` run parallel to `indices`. `bit` is null where no error model flips bits,
#: `target_of_site` where there is one target, `due_reason` where the outcome is not due. Several
#: targets are joined by " + ". Values of any dtype are widened to float64. If the faulty execution
#: failed, the metric's columns are null, except those that begin with golden_.
BASE = pa.schema(
    [
        ("injection_id", pa.int64()),
        ("fault_id", pa.int64()),
        ("target", pa.string()),
        ("kind", pa.string()),
        ("op_type", pa.string()),
        ("layer", pa.string()),
        ("dtype", pa.string()),
        ("target_bits", pa.int64()),
        ("error_model", pa.string()),
        ("input_index", pa.int64()),
        ("label", pa.int64()),
        ("pattern", pa.string()),
        ("target_of_site", pa.list_(pa.string())),
        ("value_classes", pa.list_(pa.string())),
        ("bit", pa.list_(pa.int16())),
        ("indices", pa.list_(pa.int64())),
        ("values", pa.list_(pa.float64())),
        ("outcome", pa.string()),
        ("due_reason", pa.string()),
        ("correct", pa.bool_()),
    ]
)

#: The columns that campaigns with ``sampling: severity`` have besides: the stratum of scored faults
#: that the fault was drawn from, counted from the mildest; its severity; and the share of all
#: faults that the stratum holds.
SCORED = pa.schema([("stratum", pa.int8()), ("score", pa.float64()), ("weight", pa.float64())])

#: The columns that campaigns of a fault list have besides: the row, counted from 1 behind the
#: header, and all of its columns as a JSON object.
LISTED = pa.schema([("list_row", pa.int64()), ("listed", pa.string())])

#: The columns that campaigns on a hardened model have besides: whether an alarm was raised, and
#: whether one is raised without a fault.
FLAGGED = pa.schema([("flagged", pa.bool_()), ("golden_flagged", pa.bool_())])

#: Columns that older versions of onnxfi did not write.
ADDED = frozenset(["due_reason"])

_TYPES = {bool: pa.bool_(), int: pa.int64(), float: pa.float64()}


def make_schema(
    column_types: Mapping[str, ColumnType],
    *,
    scored: bool = False,
    listed: bool = False,
    flagged: bool = False,
) -> pa.Schema:
    """Return the columns of the records, followed by the columns of a metric.

    Args:
        column_types: the types of the metric's columns.
        scored: whether faults are drawn from strata of scored faults.
        listed: whether faults come from a list.
        flagged: whether the model has alarms.

    Raises:
        ConfigurationError: a column of the metric has a name that is taken, or a type other than
            bool, int and float.
    """
    chosen = {SCORED: scored, LISTED: listed, FLAGGED: flagged}
    schema = pa.schema([*BASE, *(x for columns, yes in chosen.items() if yes for x in columns)])
    taken = (*BASE.names, *(x for columns in chosen for x in columns.names))
    for name, kind in column_types.items():
        if name in taken or kind not in _TYPES:
            raise ConfigurationError(
                f"A metric's column must be bool, int or float, under a name that the records do "
                f"not use ({', '.join(taken)}), got {name!r} of {kind!r}."
            )
        schema = schema.append(pa.field(name, _TYPES[kind]))
    return schema
