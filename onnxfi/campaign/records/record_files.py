"""Defines the rows of the Parquet files: the record of each injection."""

import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from onnxfi.campaign.storage import Storage, open_storage
from onnxfi.errors import ConfigurationError
from onnxfi.injector.metrics import ColumnType

#: Folder of the records in a run directory.
FOLDER = "records"
#: What each file says of itself, as key-value metadata: its keys begin with ``onnxfi.``.
FORMAT = "1"

# One row per injection. `target_of_site`, `bit`, `values` and `value_classes` run parallel to
# `indices`; bit is null where no error model flips bits, target_of_site where there is one target.
# Several targets are joined by " + ". Values are widened to float64 whatever the target's dtype.
# due_reason is null where the outcome is not due. Where the faulty execution failed the metric's
# columns are null, except those that begin with golden_.
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
# Older records lack these.
_ADDED = frozenset(["due_reason"])
_TYPES = {bool: pa.bool_(), int: pa.int64(), float: pa.float64()}

_ENDING = ".parquet"
_PREFIX = "onnxfi."
# Neighbours differ little, so that their differences are small; the rest repeats, or is a float.
_COUNTING = ("injection_id", "fault_id", "indices")


def make_schema(column_types: Mapping[str, ColumnType]) -> pa.Schema:
    """Return the columns of the records with those of a metric behind them.

    Raises:
        ConfigurationError: a column of the metric has the name of another, or another type than
            bool, int and float.
    """
    schema = BASE
    for name, kind in column_types.items():
        if name in BASE.names or kind not in _TYPES:
            raise ConfigurationError(
                f"A metric's column must be bool, int or float, and none of the records' own "
                f"({', '.join(BASE.names)}), got {name!r} of {kind!r}."
            )
        schema = schema.append(pa.field(name, _TYPES[kind]))
    return schema


def write_records(
    table: pa.Table, storage: Storage, name: str, *, about: Mapping[str, str] | None = None
) -> None:
    """Write a records file so that it is there whole or not at all.

    Args:
        table: the records; its metadata is written with them.
        storage: the run directory.
        name: the file's name.
        about: what else the file says of itself, beside the format's version.

    Raises:
        ConfigurationError: it cannot be written.
    """
    said = {"format": FORMAT, **(about or {})}
    leaves = {field.name: _leaf(field) for field in table.schema}
    floats = {path for path, kind in leaves.values() if pa.types.is_floating(kind)}
    counting = {leaves[column][0] for column in _COUNTING}
    content = io.BytesIO()
    with pq.ParquetWriter(
        content,
        table.schema,
        compression="zstd",
        write_statistics=["injection_id"],  # those of every column would be most of a small file
        use_dictionary=[path for path, _ in leaves.values() if path not in floats | counting],
        column_encoding={
            **dict.fromkeys(counting, "DELTA_BINARY_PACKED"),
            **dict.fromkeys(floats, "BYTE_STREAM_SPLIT"),
        },
        store_schema=False,  # Parquet's own says all of it
    ) as writer:
        writer.write_table(table)
        # Parquet takes the table's own metadata only together with all of Arrow's schema.
        writer.add_key_value_metadata(
            {
                **(table.schema.metadata or {}),
                **{f"{_PREFIX}{key}".encode(): value for key, value in said.items()},
            }
        )
    try:
        storage.write(f"{FOLDER}/{name}", content.getbuffer())
    except OSError as error:
        raise ConfigurationError(
            f"Records must be written to {storage}/{FOLDER}/{name}, and that failed: {error}. "
            "Make room or give the permission, then go on with `onnxfi campaign resume`."
        ) from error


def _leaf(field: pa.Field) -> tuple[str, pa.DataType]:
    """Return a column's path in Parquet, and the type of what it holds."""
    if pa.types.is_list(field.type):
        return f"{field.name}.list.element", field.type.value_type
    return field.name, field.type


def record_files(storage: Storage) -> list[str]:
    """Return the names of the records files, in the order of the injections."""
    names = (name for name in storage.names(FOLDER) if _is_records_file(name))
    return sorted(names, key=lambda name: (len(name), name))  # longer ids are higher ones


def _is_records_file(name: str) -> bool:
    return name.endswith(_ENDING) and not name.startswith(".")


def count_records(storage: Storage) -> int:
    """Return the number of records of a run directory without reading them.

    Raises:
        ConfigurationError: one of the files is damaged.
    """
    return sum(
        _read(storage, name, lambda file: file.metadata.num_rows) for name in record_files(storage)
    )


def read_records(directory: str | Path, columns: Sequence[str] | None = None) -> pa.Table:
    """Read the records of a run directory, in the order of the injections.

    Args:
        directory: the run directory, or its address.
        columns: the columns to read; by default all.

    Raises:
        ConfigurationError: the directory holds no records, one of the files is damaged, or they are
            of several runs.
    """
    return pa.concat_tables(read_shards(directory, columns)).replace_schema_metadata()


def read_shards(directory: str | Path, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
    """Yield the records of a run directory file by file, in the order of the injections.

    Each table has what its file says of itself.

    Args:
        directory: the run directory, or its address.
        columns: the columns to read; by default all.

    Raises:
        ConfigurationError: as `read_records` does.
    """
    storage = open_storage(directory)
    names = record_files(storage)
    if not names:
        raise ConfigurationError(
            f"A run directory must hold records/*.parquet, and {directory} holds none. "
            f"Make some with `onnxfi campaign resume {directory}`."
        )
    wanted = None if columns is None else list(columns)
    run = None
    for name in names:
        table = read_file(storage, name, wanted)
        of_run = about(table.schema).get("run")
        if name != names[0] and of_run != run:
            raise ConfigurationError(
                f"The records of a run directory must be of one run, and in {directory} "
                f"{names[0]} and {name} are of different ones. Move away what is foreign."
            )
        run = of_run
        yield table


def read_file(storage: Storage, name: str, columns: list[str] | None = None) -> pa.Table:
    """Read one records file, with what it says of itself.

    Columns that an older version of onnxfi did not write are null.

    Raises:
        ConfigurationError: it is damaged.
    """
    table: pa.Table = _read(storage, name, lambda file: file.read(columns=columns))
    for added in _ADDED if columns is None else _ADDED & {*columns}:
        if added not in table.column_names:
            index = BASE.get_field_index(added)
            before = set(table.column_names).intersection(BASE.names[:index])
            nulls = pa.nulls(len(table), BASE.field(index).type)
            table = table.add_column(len(before), BASE.field(index), nulls)
    return table


def about(schema: pa.Schema) -> dict[str, str]:
    """Return what a records file says of itself, such as ``format``, ``run`` and ``shard``."""
    metadata = {key.decode(): value.decode() for key, value in (schema.metadata or {}).items()}
    return {
        key.removeprefix(_PREFIX): value
        for key, value in metadata.items()
        if key.startswith(_PREFIX)
    }


def _read(storage: Storage, name: str, read: Any) -> Any:
    try:
        with storage.open(f"{FOLDER}/{name}") as opened, pq.ParquetFile(opened) as file:
            return read(file)
    except (OSError, pa.ArrowException) as error:
        raise ConfigurationError(
            f"Records must be Parquet files written by onnxfi, and {storage}/{FOLDER}/{name} is "
            f"not: {error}. Delete that file and run `onnxfi campaign resume`."
        ) from error
