"""Recognises the kind of a source by its first bytes or its members."""

from enum import StrEnum
from pathlib import Path
from typing import Final

from onnxfi.converters.keras_files.archive import is_archive, read_archive
from onnxfi.errors import ModelFormatError

_HDF5_SIGNATURE: Final = b"\x89HDF\r\n\x1a\n"
_HDF5_LEAST_BLOCK: Final = 512


class SourceKind(StrEnum):
    """The kinds of sources that `convert` reads."""

    KERAS = "keras"
    SAVED_MODEL = "saved_model"
    TFLITE = "tflite"


def kind_of(path: Path) -> SourceKind | None:
    """Return the kind of a source; None if `convert` does not read it."""
    if path.is_dir():
        return SourceKind.SAVED_MODEL if (path / "saved_model.pb").is_file() else None
    if path.is_file():
        with path.open("rb") as stream:
            if stream.read(8)[4:] == b"TFL3":  # the file identifier of a FlatBuffer
                return SourceKind.TFLITE
    return SourceKind.KERAS if is_keras_file(path) else None


def is_keras_file(path: Path) -> bool:
    """Return whether a path looks like a .h5 or .keras file."""
    if path.is_dir():
        return (path / "saved_model.pb").is_file()
    if not path.is_file():
        return False
    if is_archive(path):
        return path.suffix == ".keras" or _is_sound_archive(path)
    return _is_hdf5(path)


def _is_hdf5(path: Path) -> bool:
    """Return whether a file has the signature of HDF5, without importing h5py.

    HDF5 File Format Specification 3.0, II.A: the signature is at 0, or at 512 or twice, four times
    ... as much, behind a block of the user's own.
    """
    size = path.stat().st_size
    with path.open("rb") as stream:
        place = 0
        while place + len(_HDF5_SIGNATURE) <= size:
            stream.seek(place)
            if stream.read(len(_HDF5_SIGNATURE)) == _HDF5_SIGNATURE:
                return True
            place = max(_HDF5_LEAST_BLOCK, 2 * place)
    return False


def _is_sound_archive(path: Path) -> bool:
    try:
        read_archive(path)
    except ModelFormatError:
        return False
    return True
