"""Checks that a records file holds the injections that its name says."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from onnxfi.errors import ConfigurationError
from onnxfi.run_directory.schema import ADDED, BASE

_ID = "injection_id"
#: Ending of the name of a records file that is set aside.
REJECTED = ".rejected"


def ids_of(file_name: str) -> range:
    """Return the ids of the injections that the name of a records file gives.

    Raises:
        ConfigurationError: it is not the name of a records file.
    """
    first, _, last = file_name.removesuffix(".parquet").partition("-")
    if not all(x.isascii() and x.isdecimal() and len(x) < 19 for x in (first, last)):
        raise ConfigurationError(
            f"{file_name} in the records is not a file of onnxfi. Move it away."
        )
    return range(int(first), int(last) + 1)


def fault_of_shard(
    file: pq.ParquetFile,
    name: str,
    *,
    schema: pa.Schema | None = None,
    thorough: bool = False,
) -> str | None:
    """Return what is wrong with a records file; None if nothing is.

    Args:
        file: the file.
        name: its name, which gives the ids.
        schema: its columns; None if the metric's columns are not known.
        thorough: whether to read all ids; by default only the smallest and the largest are looked
            at, which the file's header has.
    """
    ids, rows = ids_of(name), file.metadata.num_rows
    if rows != len(ids):
        return f"it holds {rows} records, and its name says {len(ids)}"
    columns = {field.name: field.type for field in file.schema_arrow}
    for field in schema or BASE:
        if field.name not in columns:
            if field.name not in ADDED:
                return f"it has no column {field.name}"
        elif columns[field.name] != field.type:
            return f"its column {field.name} is {columns[field.name]} and not {field.type}"
    foreign = [] if schema is None else [x for x in columns if x not in schema.names]
    if foreign:
        return f"it has a foreign column {foreign[0]}"
    limits = [x for pair in _limits(file) for x in pair]
    fits = not limits or (min(limits), max(limits)) == (ids.start, ids.stop - 1)
    if fits and thorough:
        found = file.read([_ID])[_ID].to_numpy()
        fits = np.array_equal(found, np.arange(ids.start, ids.stop))
    return None if fits else "it holds other injections than its name says"


def _limits(file: pq.ParquetFile) -> Iterator[tuple[int, int]]:
    """Yield the smallest and the largest id of each row group that states them."""
    names = [file.metadata.schema.column(i).path for i in range(file.metadata.num_columns)]
    column = names.index(_ID)
    for index in range(file.metadata.num_row_groups):
        statistics = file.metadata.row_group(index).column(column).statistics
        if statistics is not None and statistics.has_min_max:
            yield statistics.min, statistics.max
