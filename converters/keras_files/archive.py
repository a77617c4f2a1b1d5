"""Reads and writes .keras archives: zip files of config.json, metadata.json and model.weights.h5.

Only these members are read, by their exact names. Only the weights are unpacked, into a temporary
folder, so a member whose name points elsewhere has no effect.
"""

import json
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from onnxfi.converters.keras_files.configuration import parse_configuration, parse_json
from onnxfi.converters.keras_files.declared_sizes import largest_content
from onnxfi.errors import ModelFormatError

CONFIGURATION = "config.json"
METADATA = "metadata.json"
WEIGHTS = "model.weights.h5"
_CHUNK = 2**20


@dataclass(frozen=True, slots=True)
class KerasArchive:
    """The configuration of a .keras archive.

    Attributes:
        configuration: the outermost ``{"class_name": …, "config": …}``.
        keras_version: such as ``3.11.3``; ``""`` if the archive does not state it.
    """

    configuration: Mapping[str, Any]
    keras_version: str


def is_archive(path: Path) -> bool:
    """Return whether a file begins like a zip archive."""
    try:
        with path.open("rb") as stream:
            return stream.read(4) == b"PK\x03\x04"
    except OSError:
        return False


def read_archive(path: Path) -> KerasArchive:
    """Read an archive, except its weights.

    Raises:
        ModelFormatError: the archive is damaged, lacks a member, or has one that is too large.
    """
    with reading_archive(path), zipfile.ZipFile(path) as archive:
        members = _members(archive, path)
        configuration = parse_configuration(
            archive.read(members[CONFIGURATION]), f"The {CONFIGURATION} of {path}"
        )
        metadata = None
        if METADATA in members:
            metadata = parse_json(archive.read(members[METADATA]), f"The {METADATA} of {path}")
    version = metadata.get("keras_version") if isinstance(metadata, dict) else None
    return KerasArchive(configuration, version if isinstance(version, str) else "")


@contextmanager
def unpacked_weights(path: Path) -> Iterator[Path]:
    """Unpack the HDF5 file inside an archive for the duration of the block.

    Raises:
        ModelFormatError: as `read_archive`.
    """
    with tempfile.TemporaryDirectory(prefix="onnxfi-") as folder:
        unpacked = Path(folder, WEIGHTS)
        with reading_archive(path), zipfile.ZipFile(path) as archive:
            member = _members(archive, path)[WEIGHTS]
            with archive.open(member) as stored, unpacked.open("wb") as target:
                shutil.copyfileobj(stored, target, _CHUNK)
        yield unpacked


def write_archive(path: Path, configuration: str, keras_version: str, weights: Path) -> None:
    """Write an archive of a configuration and a .weights.h5 file."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(CONFIGURATION, configuration)
        archive.writestr(METADATA, json.dumps({"keras_version": keras_version}))
        archive.write(weights, WEIGHTS)


def _members(archive: zipfile.ZipFile, path: Path) -> dict[str, zipfile.ZipInfo]:
    """Return the members by name, after a check of those that are read."""
    members = {info.filename: info for info in archive.infolist()}
    largest = largest_content(path)
    for name in (CONFIGURATION, METADATA, WEIGHTS):
        count = sum(info.filename == name for info in archive.infolist())
        if count > 1 or (count == 0 and name != METADATA):
            raise ModelFormatError(
                f"A .keras archive must hold one {name}, but {path} holds {count}; its members are "
                f"{sorted(members)[:6]}. Save the model with model.save('model.keras')."
            )
        if count and members[name].file_size > largest:
            raise ModelFormatError(
                f"The members of an archive must fit it, but {name} in {path} declares "
                f"{members[name].file_size} bytes. "
                "Do not trust this file; save the model again from its source."
            )
    return members


@contextmanager
def reading_archive(path: Path) -> Iterator[None]:
    """Turn the errors of a damaged archive inside the block into a ModelFormatError."""
    try:
        yield
    except ModelFormatError:
        raise
    except (
        *(OSError, EOFError, LookupError, RuntimeError, ValueError, MemoryError),
        *(zipfile.BadZipFile, zlib.error),
    ) as error:
        raise ModelFormatError(
            f"A .keras file must be a whole zip archive, but reading {path} failed: {error}. "
            "The file is damaged or truncated: copy or save it again."
        ) from error
