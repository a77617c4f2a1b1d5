"""Opens regular files only.

Opening a named pipe waits for its writer, and reading a device may never end.
"""

import errno
import os
import stat
from pathlib import Path
from typing import IO


def check_regular(path: Path) -> None:
    """Check that a path leads to a regular file or a folder.

    Raises:
        OSError: there is nothing, or a pipe, a device or a socket.
    """
    mode = path.stat().st_mode
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):  # opening a folder says so itself
        raise OSError(errno.EINVAL, "is a pipe or a device, not a regular file", os.fspath(path))


def open_regular(path: Path) -> IO[bytes]:
    """Open a regular file for reading.

    Raises:
        OSError: it is not a regular file, or cannot be read.
    """
    check_regular(path)
    return path.open("rb")
