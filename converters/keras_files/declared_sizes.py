"""Bounds the content of a file, against small files that unpack to terabytes."""

import math
from pathlib import Path
from typing import Any

# A dataset may declare more bytes than its file holds, because it may be compressed. Beyond this
# factor of the file's size, plus one mebibyte, it counts as a decompression bomb.
_LARGEST_EXPANSION = 50
_FREE_BYTES = 2**20


def declared_bytes(dataset: Any) -> int:
    """Return the number of bytes that reading a dataset takes: its own, or one chunk if larger.

    A chunk is unpacked as a whole, and may be larger than a resizable dataset.
    """
    chunk = math.prod(dataset.chunks or ()) * dataset.dtype.itemsize
    return int(max(dataset.nbytes, chunk))


def largest_content(path: Path) -> int:
    """Return the largest plausible size, in bytes, of the content of a compressed file."""
    return _LARGEST_EXPANSION * path.stat().st_size + _FREE_BYTES
