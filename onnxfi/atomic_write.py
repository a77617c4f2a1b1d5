"""Writing a file so that it is there whole or not at all."""

import contextlib
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

#: How the names of files end that are being written; such a file is whole under no circumstances.
PARTIAL = ".partial"


@contextmanager
def atomic_write(path: Path, *, durable: bool = False) -> Iterator[Path]:
    """Give a path beside the file to write to; it takes the file's place when the block ends well.

    Where the block fails, an older file stays as it is and nothing is left beside it. The name
    beside is new each time: several machines may write the same file.

    Args:
        path: the file.
        durable: whether the file is on the disk when this returns, so that it outlives a power
            failure as well; takes some milliseconds.

    Raises:
        OSError: the file cannot be put in its place.
    """
    # Not tempfile: its files are readable by their owner alone, and results are passed around.
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
