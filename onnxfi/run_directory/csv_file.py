"""Writes the records of a campaign to one CSV file."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pc

from onnxfi.atomic_write import atomic_write
from onnxfi.errors import ConfigurationError
from onnxfi.run_directory.record_files import read_shards


def write_csv(directory: str | Path, out: Path) -> int:
    """Write all records of a run directory to a CSV file, and return their number.

    Lists are written as JSON, with NaN and Infinity. One shard is in memory at a time.

    Args:
        directory: the run directory, or its address.
        out: the file to write.

    Raises:
        ConfigurationError: the directory holds no records, a file is damaged, or the CSV file
            cannot be written.
    """
    count = 0
    writer: pc.CSVWriter | None = None
    try:
        with atomic_write(out) as aside, aside.open("wb") as file:
            for table in read_shards(directory):
                flat = _with_lists_as_text(table)
                writer = writer or pc.CSVWriter(file, flat.schema)
                writer.write_table(flat)
                count += flat.num_rows
            if writer is not None:
                writer.close()
    except OSError as error:
        raise ConfigurationError(f"{out} cannot be written: {error}.") from error
    return count


def _with_lists_as_text(table: pa.Table) -> pa.Table:
    for index, field in enumerate(table.schema):
        if pa.types.is_list(field.type):
            texts = [None if x is None else json.dumps(x) for x in table[index].to_pylist()]
            table = table.set_column(index, field.name, pa.array(texts, pa.string()))
    return table
