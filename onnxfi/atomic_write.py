"""Writes files atomically: a file appears whole or not at all."""

import contextlib
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

#: Suffix of files that are being written, which are never complete.
PARTIAL = ".partial"


@contextmanager
def atomic_write(path: Path, *, durable: bool = False) -> Iterator[Path]:
    """Yield a temporary path beside a file, and move it to the file's place after the block.

    If the block fails, an older file stays unchanged and the temporary file is removed. The
    temporary name is unique, so several machines may write the same file.

    Args:
        path: the file.
        durable: whether to flush the file to the disk, so that it survives a power failure; takes
            some milliseconds.

    Raises:
        OSError: the file cannot be moved to its place.
    """
    # Files of the module tempfile are readable by their owner alone, and results are shared.
    aside = path.with_name(f".{path.name}.{uuid.uuid4().hex}{PARTIAL}")
    try:
        yield aside
        if durable:
            _flush_to_disk(aside)
        aside.replace(path)
        if durable and os.name == "posix":  # elsewhere folders cannot be opened
            _flush_to_disk(path.parent)
    finally:
        with contextlib.suppress(OSError):
            aside.unlink(missing_ok=True)


def _flush_to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDWR if path.is_file() else os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
