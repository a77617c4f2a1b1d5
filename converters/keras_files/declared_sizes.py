"""How large the content of a file may be, against files that are small and unpack to terabytes."""

import math
from pathlib import Path
from typing import Any

# What is stored may declare more bytes than its file holds, as it may be compressed; beyond this
# factor (and one free mebibyte) it is taken for a decompression bomb.
_LARGEST_EXPANSION = 50
_FREE_BYTES = 2**20


def declared_bytes(dataset: Any) -> int:
    """Return how many bytes reading a dataset takes: its own, or those of a chunk, which is more.

    A chunk is unpacked as a whole, and may be larger than a dataset that can grow.
    """
    chunk = math.prod(dataset.chunks or ()) * dataset.dtype.itemsize
    return int(max(dataset.nbytes, chunk))


def largest_content(path: Path) -> int:
    """Return how many bytes the content of a file may take, as it may be compressed."""
    return _LARGEST_EXPANSION * path.stat().st_size + _FREE_BYTES
