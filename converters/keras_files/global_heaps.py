"""Checks the global heaps of an HDF5 file before the HDF5 library reads them.

Global heaps hold the text of attributes. HDF5 1.14 loops forever on a heap whose free space has
the size 0, and no timeout inside this process could stop it. The layout follows the "HDF5 File
Format Specification", version 3.0, III.E "Disk Format: Level 1E - Global Heap".
"""

import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from onnxfi.errors import ModelFormatError

_SIGNATURE = b"GCOL\x01"  # with the version
_HEADER = struct.Struct("<5s3xQ")  # signature, reserved bytes, size of the heap
_OBJECT = struct.Struct("<H6xQ")  # index, reference count and reserved bytes, size
_ALIGNMENT = 8
_CHUNK = 2**20


def require_sound_heaps(path: Path, shown: Path) -> None:
    """Refuse a file with a heap that HDF5 would read forever.

    Args:
        path: the HDF5 file.
        shown: its name in messages.

    Raises:
        ModelFormatError: the file has such a heap.
    """
    with path.open("rb") as stream:
        if not all(_is_sound(stream, start) for start in list(_heaps(stream))):
            raise ModelFormatError(
                f"A Keras file must be whole, but {shown} has a heap whose objects have no size. "
                "The file is damaged: copy or save it again."
            )


def _heaps(stream: BinaryIO) -> Iterator[int]:
    """Yield the offset of each heap."""
    start = 0
    overlap = len(_SIGNATURE) - 1
    kept = b""
    while chunk := stream.read(_CHUNK):
        text = kept + chunk
        found = text.find(_SIGNATURE)
        while found >= 0:
            yield start - len(kept) + found
            found = text.find(_SIGNATURE, found + 1)
        start += len(chunk)
        kept = text[-overlap:]


def _is_sound(stream: BinaryIO, start: int) -> bool:
    """Return whether walking the objects of a heap ends.

    A heap that extends beyond the file passes: HDF5 reports it.
    """
    length = stream.seek(0, os.SEEK_END)
    header = _read(stream, start, _HEADER)
    if header is None or start + header[1] > length:
        return True
    end = start + header[1]
    place = start + _HEADER.size
    while place + _OBJECT.size <= end and (found := _read(stream, place, _OBJECT)):
        index, size = found
        # Free space has the index 0, and a size that includes its header.
        padded = -(-size // _ALIGNMENT) * _ALIGNMENT
        step = size if index == 0 else _OBJECT.size + padded
        if step == 0:
            return False
        place += step
    return True


def _read(stream: BinaryIO, place: int, layout: struct.Struct) -> tuple[Any, ...] | None:
    stream.seek(place)
    content = stream.read(layout.size)
    return layout.unpack(content) if len(content) == layout.size else None
