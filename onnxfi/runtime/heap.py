"""Memory that was freed, and that the process still holds."""

import ctypes
import sys
from functools import cache

# Parameters of the GNU C library, see mallopt(3), and their values in bytes.
_TRIM_THRESHOLD, _UNUSED = -1, 64 << 20
_MMAP_THRESHOLD, _LARGE = -3, 1 << 20


def give_back_memory() -> None:
    """Return freed memory to the system, where the C library can; it takes about 10 ms.

    ONNX Runtime takes several times the weights while it opens a session, in blocks that the GNU C
    library keeps for later.
    """
    library = _gnu_library()
    if library is not None:
        library.malloc_trim(0)


def keep_no_large_blocks() -> None:
    """Let what is freed in blocks of a MiB or more go back to the system at once, from now on.

    It holds for the whole process, and for the GNU C library alone. That keeps large blocks for
    later, each size in places of its own; a large model would find new places for long.
    """
    library = _gnu_library()
    if library is not None:
        library.mallopt(_MMAP_THRESHOLD, _LARGE)
        library.mallopt(_TRIM_THRESHOLD, _UNUSED)


@cache
def _gnu_library() -> ctypes.CDLL | None:
    if sys.platform != "linux":
        return None
    library = ctypes.CDLL(None)
    return library if hasattr(library, "malloc_trim") and hasattr(library, "mallopt") else None
