"""Reads a list of faults from CSV or Parquet."""

import csv
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from onnxfi.configuration import ListColumns
from onnxfi.errors import ConfigurationError

_WHOLE = re.compile(r"\s*[+-]?\d+(\.0*)?\s*\Z")
_PARQUET = (".parquet", ".pq")


@dataclass(frozen=True, slots=True)
class ListedFault:
    """A row of a fault list.

    Attributes:
        row: number of the row, counted from 1 behind the header.
        name: the target or layer as the list names it.
        index: one flat index, or one index for each axis.
        bit: the bit to flip; 0 is the least significant.
        text: all columns of the row as a JSON object.
    """

    row: int
    name: str
    index: tuple[int, ...]
    bit: int
    text: str


def read_faults(path: Path, columns: ListColumns) -> list[ListedFault]:
    """Read the faults of a list.

    Raises:
        ConfigurationError: the file cannot be read, lacks a column, is empty, or a row is wrong;
            the message names the first such row.
    """
    faults = []
    for number, row in enumerate(read_rows(path, columns.names), 1):
        where = f"{path.name}, row {number}"
        name = row[columns.target]
        if not isinstance(name, str) or not name.strip():
            raise ConfigurationError(f"{where}: {columns.target} must name a target, got {name!r}.")
        index = parse_index(row[columns.index])
        if index is None:
            raise ConfigurationError(
                f"{where}: {columns.index} must be a flat index or one index for each axis, such "
                f"as 17 or (3, 0, 2, 1), got {row[columns.index]!r}."
            )
        bit = _whole(row[columns.bit])
        if bit is None:
            raise ConfigurationError(
                f"{where}: {columns.bit} must be the number of a bit, got {row[columns.bit]!r}."
            )
        text = json.dumps(row, default=str)
        faults.append(ListedFault(number, name.strip(), index, bit, text))
    if not faults:
        raise ConfigurationError(f"{path} holds no faults. A list needs at least one row.")
    return faults


def read_rows(path: Path, names: Sequence[str]) -> Iterator[Mapping[str, Any]]:
    """Yield the rows of a CSV or Parquet file by column.

    Args:
        path: the file; ``.parquet`` and ``.pq`` are Parquet.
        names: columns that it must have.

    Raises:
        ConfigurationError: the file cannot be read, or lacks a column.
    """
    read = _parquet if path.suffix.lower() in _PARQUET else _csv
    try:
        header, rows = read(path)
        missing = [x for x in names if x not in header]
        if missing:
            raise ConfigurationError(
                f"{path} has no column {', '.join(missing)}; it has {', '.join(header)}. Name its "
                "columns: `columns: {target: Layer, index: TensorIndex, bit: Bit}`."
            )
        yield from rows
    except (OSError, UnicodeDecodeError, ValueError, csv.Error) as error:
        if isinstance(error, ConfigurationError):
            raise
        raise ConfigurationError(f"{path} cannot be read as a list of faults: {error}.") from error


def parse_index(value: Any) -> tuple[int, ...] | None:
    """Return the whole numbers of an index, such as 17, ``"(3, 0, 2, 1)"`` or a list; or None."""
    if isinstance(value, str):
        parts: Sequence[Any] = value.strip().strip("()[]").rstrip(", ").split(",")
    else:
        parts = value if isinstance(value, list | tuple) else [value]
    numbers = [_whole(x) for x in parts]
    found = tuple(x for x in numbers if x is not None and x >= 0)
    return found if found and len(found) == len(numbers) else None


def _whole(value: Any) -> int | None:
    """Return a whole number; None for anything else."""
    if isinstance(value, bool) or not _WHOLE.match(str(value)):
        return None
    return int(float(value)) if "." in str(value) else int(value)


def _csv(path: Path) -> tuple[Sequence[str], Iterator[Mapping[str, Any]]]:
    with path.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.DictReader(file)
        rows = list(reader)
    for number, row in enumerate(rows, 1):
        if None in row or None in row.values():
            raise ConfigurationError(
                f"{path.name}, row {number}: has another number of fields than the header, "
                f"{len(reader.fieldnames or ())}. Quote fields that contain commas."
            )
    return list(reader.fieldnames or ()), iter(rows)


def _parquet(path: Path) -> tuple[Sequence[str], Iterator[Mapping[str, Any]]]:
    import pyarrow.parquet as pq

    table = pq.read_table(path)
    return table.column_names, iter(table.to_pylist())
