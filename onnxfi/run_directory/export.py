"""Exports the records of a campaign to one text file."""

import json
import math
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pyarrow.csv as pc

from onnxfi.atomic_write import atomic_write
from onnxfi.errors import ConfigurationError
from onnxfi.run_directory.record_files import read_shards


def export_records(directory: str | Path, out: Path | IO[bytes], *, as_json: bool = False) -> int:
    """Write all records of a run directory as CSV or JSON, and return their number.

    CSV holds lists as JSON, with NaN and Infinity. JSON has one object a line; NaN and infinities
    become strings, because JSON lacks them. One shard is in memory at a time.

    Args:
        directory: the run directory, or its address.
        out: the file to write: a path, or an open binary file.
        as_json: write JSON instead of CSV.

    Raises:
        ConfigurationError: the directory holds no records, a file is damaged, or ``out`` is a path
            that cannot be written.
    """
    write = _write_json if as_json else _write_csv
    if not isinstance(out, Path):
        return write(read_shards(directory), out)
    try:
        with atomic_write(out) as aside, aside.open("wb") as file:
            return write(read_shards(directory), file)
    except OSError as error:
        raise ConfigurationError(f"{out} cannot be written: {error}.") from error


def _write_csv(shards: Iterable[pa.Table], file: IO[bytes]) -> int:
    count = 0
    writer: pc.CSVWriter | None = None
    for table in shards:
        flat = _with_lists_as_text(table)
        writer = writer or pc.CSVWriter(file, flat.schema)
        writer.write_table(flat)
        count += flat.num_rows
    if writer is not None:
        writer.close()
    return count


def _with_lists_as_text(table: pa.Table) -> pa.Table:
    for index, field in enumerate(table.schema):
        if pa.types.is_list(field.type):
            texts = [None if x is None else json.dumps(x) for x in table[index].to_pylist()]
            table = table.set_column(index, field.name, pa.array(texts, pa.string()))
    return table


def _write_json(shards: Iterable[pa.Table], file: IO[bytes]) -> int:
    count = 0
    for table in shards:
        for record in table.to_pylist():
            plain = {key: _finite(value) for key, value in record.items()}
            file.write(json.dumps(plain, allow_nan=False).encode() + b"\n")
        count += table.num_rows
    return count


def _finite(value: Any) -> Any:
    if isinstance(value, list):
        return [_finite(x) for x in value]
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value
