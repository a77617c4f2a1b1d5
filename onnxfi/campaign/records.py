"""What is kept of each injection: the rows of the Parquet files."""

import os
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from onnxfi.error_models.value_class import classify_values, to_float64
from onnxfi.errors import ConfigurationError
from onnxfi.graph import Target
from onnxfi.injector import Golden, Injection
from onnxfi.injector.metric import MetricValue
from onnxfi.whole_file import whole_file

# One row per injection. `bit`, `values` and `value_classes` run parallel to `indices`; bit is null
# where the error model flips no bits. Values are widened to float64 whatever the target's dtype.
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


def make_record(
    injection: Injection,
    *,
    golden: Golden,
    golden_range: tuple[float, float],
    target: Target,
    error_model: str,
    input_index: int,
    label: int | None,
    columns: Mapping[str, MetricValue],
) -> Record:
    """Return the record of an injection.

    Args:
        injection: the injection.
        golden: the golden run that it started from.
        golden_range: lowest and highest finite element of the golden tensor.
        target: the target.
        error_model: name of the error model.
        input_index: index of the input.
        label: the right class of the input, or None; gives the column ``correct``.
        columns: the metric's columns.
    """
    corruption = injection.corruption
    low, high = golden_range
    return {
        "injection_id": injection.id,
        "target": target.tensor,
        "kind": target.kind,
        "op_type": target.op_type,
        "layer": target.layer,
        "error_model": error_model,
        "input_index": input_index,
        "pattern": corruption.pattern,
        "value_classes": classify_values(
            golden.target.reshape(-1)[corruption.indices], corruption.values, low=low, high=high
        ),
        "bit": None if corruption.bits is None else corruption.bits.tolist(),
        "indices": corruption.indices.tolist(),
        "values": to_float64(corruption.values).tolist(),
        "outcome": injection.outcome,
        "correct": None if label is None else columns["top1"] == label,
        **columns,
    }


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
