"""What is kept of each injection: the rows of the Parquet files."""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from onnxfi.error_models import Corruption
from onnxfi.error_models.value_class import classify_values, to_float64
from onnxfi.errors import ConfigurationError
from onnxfi.graph import Target
from onnxfi.injector import Injection
from onnxfi.injector.metric import MetricValue
from onnxfi.whole_file import whole_file

# One row per injection. `target_of_site`, `bit`, `values` and `value_classes` run parallel to
# `indices`; bit is null where no error model flips bits, target_of_site where there is one target.
# Several targets are joined by " + ". Values are widened to float64 whatever the target's dtype.
# Where the faulty execution failed the metric's columns are null.
SCHEMA = pa.schema(
    [
        ("injection_id", pa.int64()),
        ("target", pa.string()),
        ("kind", pa.string()),
        ("op_type", pa.string()),
        ("layer", pa.string()),
        ("error_model", pa.string()),
        ("input_index", pa.int64()),
        ("pattern", pa.string()),
        ("target_of_site", pa.list_(pa.string())),
        ("value_classes", pa.list_(pa.string())),
        ("bit", pa.list_(pa.int16())),
        ("indices", pa.list_(pa.int64())),
        ("values", pa.list_(pa.float64())),
        ("outcome", pa.string()),
        ("correct", pa.bool_()),
        ("golden_top1", pa.int64()),
        ("top1", pa.int64()),
        ("sdc5", pa.bool_()),
        ("sdc10", pa.bool_()),
        ("sdc20", pa.bool_()),
        ("max_absolute_error", pa.float64()),
    ]
)

Record = dict[str, object]
_JOINT = " + "


def make_record(
    injection: Injection,
    *,
    ranges: Sequence[tuple[float, float]],
    targets: Sequence[Target],
    error_model: str,
    input_index: int,
    label: int | None,
    columns: Mapping[str, MetricValue],
) -> Record:
    """Return the record of an injection.

    Args:
        injection: the injection.
        ranges: lowest and highest finite element of each target's golden tensor.
        targets: the targets, in the order in which they are corrupted.
        error_model: name of the error model.
        input_index: index of the input.
        label: the right class of the input, or None; gives the column ``correct``.
        columns: the metric's columns; empty where the faulty execution failed.
    """
    corruptions = injection.corruptions
    classes = [
        classify_values(replaced, corruption.values, low=low, high=high)
        for replaced, corruption, (low, high) in zip(
            injection.replaced, corruptions, ranges, strict=False
        )
    ]
    patterns = dict.fromkeys(x.pattern for x in corruptions if x.pattern is not None)
    named = any(target.layer for target in targets)
    return {
        "injection_id": injection.id,
        "target": _JOINT.join(x.tensor for x in targets),
        "kind": _JOINT.join(x.kind for x in targets),
        "op_type": _JOINT.join(x.op_type for x in targets),
        "layer": _JOINT.join(x.layer or x.tensor for x in targets) if named else None,
        "error_model": error_model,
        "input_index": input_index,
        "pattern": _JOINT.join(patterns) if patterns else None,
        "target_of_site": [
            name
            for name, corruption in zip(injection.targets, corruptions, strict=True)
            for _ in corruption.indices
        ]
        if len(targets) > 1
        else None,
        "value_classes": [x for of_target in classes for x in of_target],
        "bit": _bits(corruptions),
        "indices": [x for corruption in corruptions for x in corruption.indices.tolist()],
        "values": [x for corruption in corruptions for x in to_float64(corruption.values).tolist()],
        "outcome": injection.outcome,
        "correct": None if label is None else columns.get("top1") == label,
        **columns,
    }


def _bits(corruptions: Sequence[Corruption]) -> list[int | None] | None:
    """Return the flipped bit of each site, None where a target's error model flips none."""
    if all(x.bits is None for x in corruptions):
        return None
    return [
        bit
        for corruption in corruptions
        for bit in (
            [None] * corruption.indices.size
            if corruption.bits is None
            else corruption.bits.tolist()
        )
    ]


def write_records(records: Iterable[Record], path: Path) -> None:
    """Write a records file so that it is there whole or not at all."""
    table = pa.Table.from_pylist(list(records), schema=SCHEMA)
    try:
        with whole_file(path) as aside, aside.open("wb") as file:
            pq.write_table(table, file)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise ConfigurationError(
            f"Records must be written to {path}, and that failed: {error}. Make room or give the "
            "permission, then go on with `onnxfi campaign resume`."
        ) from error


def count_records(directory: Path) -> int:
    """Return the number of records of a run directory without reading them.

    Raises:
        ConfigurationError: one of the files is damaged.
    """
    return sum(_read(file, pq.read_metadata).num_rows for file in _files(directory))


def read_records(directory: Path) -> pa.Table:
    """Read all records of a run directory, in the order of the injections.

    Raises:
        ConfigurationError: the directory holds no records, or one of the files is damaged.
    """
    files = _files(directory)
    if not files:
        raise ConfigurationError(
            f"A run directory must hold records/*.parquet, and {directory} holds none. "
            f"Make some with `onnxfi campaign resume {directory}`."
        )
    return pa.concat_tables([_read(file, partial(pq.read_table, schema=SCHEMA)) for file in files])


def _files(directory: Path) -> list[Path]:
    return sorted((directory / "records").glob("*.parquet"))


def _read(file: Path, read: Callable[[Path], Any]) -> Any:
    try:
        return read(file)
    except (OSError, pa.ArrowException) as error:
        raise ConfigurationError(
            f"Records must be Parquet files written by onnxfi, and {file} is not: {error}. "
            "Delete that file and run `onnxfi campaign resume`."
        ) from error
