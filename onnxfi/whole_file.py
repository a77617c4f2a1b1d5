"""Writing a file so that it is there whole or not at all."""

import contextlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Give a path beside the file to write to; it takes the file's place when the block ends well.

    Where the block fails, an older file stays as it is and nothing is left beside it. The name
    holds the process id: several processes may write the same file.

    Raises:
        OSError: the file cannot be put in its place.
    """
    # Not tempfile: its files are readable by their owner alone, and results are passed around.
    aside = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        yield aside
        aside.replace(path)
    finally:
        with contextlib.suppress(OSError):
            aside.unlink(missing_ok=True)
