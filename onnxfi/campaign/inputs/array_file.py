"""Reads and writes .npz and .npy files of plain arrays, and checks their headers."""

import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from math import prod
from pathlib import Path
from tokenize import TokenError
from typing import IO, Self
from zipfile import ZIP_DEFLATED, BadZipFile, ZipFile, is_zipfile

import numpy as np

from onnxfi.atomic_write import atomic_write
from onnxfi.errors import InputError
from onnxfi.regular_file import open_regular

_ENDING = ".npy"
# Errors of zipfile and NumPy for files that are damaged, encrypted or compressed otherwise.
_DAMAGES = (
    *(OSError, ValueError, EOFError, BadZipFile, zlib.error),
    *(RuntimeError, NotImplementedError, MemoryError, SyntaxError, KeyError),
    TokenError,  # a header that is no Python
)


@dataclass(frozen=True, slots=True)
class Header:
    """The header of one array.

    Attributes:
        shape: its shape.
        dtype: its dtype.
    """

    shape: tuple[int, ...]
    dtype: np.dtype


@dataclass(frozen=True, slots=True)
class ArrayFile:
    """A file of arrays, which are read one by one on demand.

    Attributes:
        path: the file.
        headers: the headers of its arrays by name; the array of an .npy file is named after it.
    """

    path: Path
    headers: Mapping[str, Header]

    @classmethod
    def open(cls, path: Path) -> Self:
        """Read the headers of a file.

        Raises:
            InputError: the file does not exist, holds other things than plain arrays, or is shorter
                than a header says.
        """
        with _explained(path), open_regular(path) as file:
            if not is_zipfile(file):
                file.seek(0)
                size = path.stat().st_size
                return cls(path, {path.stem: _read_header(file, size)})
            with ZipFile(file) as archive:
                headers = {}
                for entry in archive.infolist():
                    if entry.filename.endswith(_ENDING):
                        with archive.open(entry) as member:
                            name = entry.filename.removesuffix(_ENDING)
                            headers[name] = _read_header(member, entry.file_size)
                return cls(path, headers)

    def key(self, name: str) -> str:
        """Return the name of an array here: the array of an .npy file has any name."""
        only = next(iter(self.headers)) if len(self.headers) == 1 else name
        return only if only == self.path.stem and self.path.suffix == _ENDING else name

    def read(self, name: str) -> np.ndarray:
        """Return an array.

        Raises:
            InputError: the file is damaged, or the array does not fit into memory.
        """
        with _explained(self.path), open_regular(self.path) as file:
            if not is_zipfile(file):
                file.seek(0)
                return np.lib.format.read_array(file, allow_pickle=False)
            with ZipFile(file) as archive, archive.open(name + _ENDING) as member:
                return np.lib.format.read_array(member, allow_pickle=False)


def write_arrays(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write an .npz file; the arrays may have any names, and dtypes that NumPy lacks.

    Raises:
        OSError: it cannot be written.
    """
    # numpy.savez takes names as keyword arguments, which restricts them.
    with atomic_write(path) as aside, ZipFile(aside, "w", ZIP_DEFLATED) as archive:
        for name, array in arrays.items():
            own = array.dtype.isbuiltin == 2  # a dtype that another package registered
            plain = array.view(f"V{array.itemsize}") if own else array
            with archive.open(name + _ENDING, "w", force_zip64=True) as file:
                np.lib.format.write_array(file, plain, allow_pickle=False)


def _read_header(file: IO[bytes], size: int) -> Header:
    """Read the header of an array that takes `size` bytes of its file, header included."""
    version = np.lib.format.read_magic(file)
    read = (
        np.lib.format.read_array_header_1_0
        if version == (1, 0)
        else np.lib.format.read_array_header_2_0
    )
    shape, _, dtype = read(file)
    if dtype.hasobject:
        raise ValueError("it holds pickled objects")
    if prod(shape) * dtype.itemsize > size - file.tell():
        raise ValueError(f"a header promises an array of shape {shape}, and the file ends before")
    return Header(shape, dtype)


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Convert the errors of reading a file to one message."""
    try:
        yield
    except _DAMAGES as error:
        reason = str(error) or type(error).__name__
        raise InputError(
            f"{path} must be an .npz or .npy file of plain arrays: {reason}."
        ) from error
