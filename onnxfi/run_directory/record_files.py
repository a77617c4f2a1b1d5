"""Writes and reads the Parquet files of records."""

import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from onnxfi.errors import ConfigurationError
from onnxfi.run_directory.schema import ADDED, BASE
from onnxfi.run_directory.shard_checks import REJECTED, fault_of_shard, ids_of
from onnxfi.storage import Storage, open_storage

#: Folder of the records in a run directory.
FOLDER = "records"
#: Version of the format, in the key-value metadata of each file.
FORMAT = "1"

_ENDING = ".parquet"
# All keys of the metadata begin so.
_PREFIX = "onnxfi."
# Errors of pyarrow for files that are damaged; names of columns may not be UTF-8.
_DAMAGES = (OSError, pa.ArrowException, UnicodeDecodeError)
# Neighbouring values are close, so their differences are encoded.
_COUNTING = ("injection_id", "fault_id", "indices")


def write_records(
    table: pa.Table, storage: Storage, name: str, *, about: Mapping[str, str] | None = None
) -> None:
    """Write a records file, atomically.

    Args:
        table: the records; its metadata is written with them.
        storage: the run directory.
        name: the file's name.
        about: further metadata of the file, beside the version of the format.

    Raises:
        ConfigurationError: it cannot be written.
    """
    metadata = {"format": FORMAT, **(about or {})}
    leaves = {field.name: _leaf(field) for field in table.schema}
    floats = {path for path, kind in leaves.values() if pa.types.is_floating(kind)}
    counting = {leaves[column][0] for column in _COUNTING}
    content = io.BytesIO()
    with pq.ParquetWriter(
        content,
        table.schema,
        compression="zstd",
        write_statistics=["injection_id"],  # of all columns they would dominate a small file
        use_dictionary=[path for path, _ in leaves.values() if path not in floats | counting],
        column_encoding={
            **dict.fromkeys(counting, "DELTA_BINARY_PACKED"),
            **dict.fromkeys(floats, "BYTE_STREAM_SPLIT"),
        },
        write_page_checksum=True,
        store_schema=False,  # Parquet's own schema is complete
    ) as writer:
        writer.write_table(table)
        # pyarrow writes the table's metadata only together with Arrow's schema.
        writer.add_key_value_metadata(
            {
                **(table.schema.metadata or {}),
                **{f"{_PREFIX}{key}".encode(): value for key, value in metadata.items()},
            }
        )
    try:
        storage.write(f"{FOLDER}/{name}", content.getbuffer())
    except OSError as error:
        raise ConfigurationError(
            f"{storage}/{FOLDER}/{name} cannot be written: {error}. Free some space or grant the "
            f"permission, then continue with `onnxfi campaign resume {storage}`."
        ) from error


def _leaf(field: pa.Field) -> tuple[str, pa.DataType]:
    """Return a column's path in Parquet, and the type of its values."""
    if pa.types.is_list(field.type):
        return f"{field.name}.list.element", field.type.value_type
    return field.name, field.type


def record_files(storage: Storage) -> list[str]:
    """Return the names of the records files, in the order of the injections."""
    names = (name for name in storage.names(FOLDER) if _is_records_file(name))
    return sorted(names, key=lambda name: (len(name), name))  # ids with more digits are higher


def _is_records_file(name: str) -> bool:
    return name.endswith(_ENDING) and not name.startswith(".")


def count_records(storage: Storage) -> int:
    """Return the number of records of a run directory, from the headers of its files.

    Raises:
        ConfigurationError: a file is damaged.
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
        ConfigurationError: the directory holds no records, a file is damaged, or the records belong
            to several runs.
    """
    return pa.concat_tables(read_shards(directory, columns)).replace_schema_metadata()


def read_shards(directory: str | Path, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
    """Yield the records of a run directory file by file, in the order of the injections.

    Each table has the metadata of its file.

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
            f"{directory} holds no records/*.parquet. Run the campaign with "
            f"`onnxfi campaign resume {directory}`."
        )
    wanted = None if columns is None else list(columns)
    run, after = None, 0
    fields: list[pa.Field] = []
    for name in names:
        ids = ids_of(name)
        if ids.start < after:
            raise ConfigurationError(
                f"{storage}/{FOLDER}/{name} holds injections that another file holds as well. "
                f"Run `onnxfi campaign resume {storage}`, which sets it aside."
            )
        after = ids.stop
        table = read_file(storage, name, wanted)
        fields = fields or list(table.schema)
        if list(table.schema) != fields:
            raise ConfigurationError(
                f"{storage}/{FOLDER}/{name} has other columns than {names[0]}. Run "
                f"`onnxfi campaign resume {storage}`, which sets the wrong one aside."
            )
        of_run = about(table.schema).get("run")
        if name != names[0] and of_run != run:
            raise ConfigurationError(
                f"{names[0]} and {name} in {directory} belong to different runs. Move the files "
                "of the other run away."
            )
        run = of_run
        yield table


def read_file(storage: Storage, name: str, columns: list[str] | None = None) -> pa.Table:
    """Read one records file with its metadata.

    Columns that an older version of onnxfi did not write are null.

    Raises:
        ConfigurationError: the file is damaged, or holds other records than its name says.
    """

    def read(file: pq.ParquetFile) -> pa.Table:
        fault = fault_of_shard(file, name)
        if fault is not None:
            raise ConfigurationError(
                f"{storage}/{FOLDER}/{name} is not as it was written: {fault}. Run "
                f"`onnxfi campaign resume {storage}`, which sets it aside and runs its injections "
                "again."
            )
        return file.read(columns=columns)

    table: pa.Table = _read(storage, name, read)
    for added in ADDED if columns is None else ADDED & {*columns}:
        if added not in table.column_names:
            index = BASE.get_field_index(added)
            before = set(table.column_names).intersection(BASE.names[:index])
            nulls = pa.nulls(len(table), BASE.field(index).type)
            table = table.add_column(len(before), BASE.field(index), nulls)
    return table


def bad_files(
    storage: Storage, run: str, schema: pa.Schema | None = None
) -> Iterator[tuple[str, str]]:
    """Yield the names of the records files that do not hold what they should, each with the reason.

    Every file is read: a file must be whole, of the run, and hold the injections of its name, none
    of them a second time.

    Args:
        storage: the run directory.
        run: the id of the run.
        schema: the columns; None if the metric's columns are not known.
    """
    after = 0
    for name in record_files(storage):
        fault: str | None = "it holds injections that another file holds as well"
        if ids_of(name).start >= after:
            fault = _fault_of_file(storage, name, run, schema)
        if fault is None:
            after = ids_of(name).stop
        else:
            yield name, fault


def set_bad_files_aside(storage: Storage, run: str, schema: pa.Schema | None = None) -> list[str]:
    """Give `bad_files` the ending ``.rejected``, with which they are not read, and return why.

    Args:
        storage: the run directory.
        run: the id of the run.
        schema: the columns; None if the metric's columns are not known.

    Returns:
        one message for each file.

    Raises:
        ConfigurationError: a file cannot be read.
        OSError: a file cannot be renamed.
    """
    messages = []
    for name, fault in bad_files(storage, run, schema):
        path = f"{FOLDER}/{name}"
        try:
            content = storage.read(path)
        except OSError as error:  # it is a folder, a pipe or a broken link
            raise ConfigurationError(
                f"{storage}/{path} cannot be read: {error}. Move it away, then continue with "
                f"`onnxfi campaign resume {storage}`."
            ) from error
        storage.write(path + REJECTED, content)
        storage.remove(path)
        messages.append(
            f"{storage}/{path} is not as it was written: {fault}. It is set aside as "
            f"{name}{REJECTED}, and its injections run again."
        )
    return messages


def _fault_of_file(storage: Storage, name: str, run: str, schema: pa.Schema | None) -> str | None:
    try:
        with (
            storage.open(f"{FOLDER}/{name}") as opened,
            pq.ParquetFile(opened, page_checksum_verification=True) as file,
        ):
            found = fault_of_shard(file, name, schema=schema, thorough=True)
            if found is None and about(file.schema_arrow).get("run") != run:
                found = "it belongs to another run"
            if found is None:
                file.read().validate(full=True)  # decodes every page
            return found
    except _DAMAGES as error:
        return f"it cannot be read ({error})"


def about(schema: pa.Schema) -> dict[str, str]:
    """Return the metadata of a records file, such as ``format``, ``run`` and ``shard``."""
    # A file with damaged texts is found to be of another run.
    metadata = {
        key.decode(errors="replace"): value.decode(errors="replace")
        for key, value in (schema.metadata or {}).items()
    }
    return {
        key.removeprefix(_PREFIX): value
        for key, value in metadata.items()
        if key.startswith(_PREFIX)
    }


def _read(storage: Storage, name: str, read: Any) -> Any:
    try:
        with (
            storage.open(f"{FOLDER}/{name}") as opened,
            pq.ParquetFile(opened, page_checksum_verification=True) as file,
        ):
            return read(file)
    except _DAMAGES as error:
        raise ConfigurationError(
            f"{storage}/{FOLDER}/{name} is damaged, or not a Parquet file of onnxfi: {error}. "
            f"Run `onnxfi campaign resume {storage}`, which sets it aside and runs its injections "
            "again."
        ) from error
