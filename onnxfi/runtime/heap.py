"""How the C library hands memory out, and back to the system."""

import ctypes
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Final

# Parameters of the GNU C library's mallopt, from its malloc.h.
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
# Where the GNU C library begins; most weights are larger.
_LARGE: Final = 128 << 10
# Where the GNU C library itself arrives in a process that frees large blocks.
_GREATEST: Final = 32 << 20
_opening = threading.Lock()
_opened = threading.Event()


@contextmanager
def large_blocks_apart() -> Iterator[None]:
    """Let what is opened meanwhile take large blocks from the system, which get them back at once.

    ONNX Runtime takes three times the weights while it opens a session, and leaves one. Blocks that
    the GNU C library cuts from its heap stay in the process after that, and in pieces. Afterwards
    large blocks come from the heap again, since for what every run takes and frees that is faster.
    What was freed before and meanwhile goes back as well.

    One thread opens at a time. The first time nothing is done, which is faster: nothing else is
    open that the memory would add to. Whoever has set how memory is handed out, by the variables of
    the environment that the GNU C library reads, is left alone.
    """
    give_back_memory()
    with _opening:
        settle = _mallopt() if _opened.is_set() else None
        if settle is not None:
            settle(_MMAP_THRESHOLD, _LARGE)
        try:
            yield
        finally:
            _opened.set()
            if settle is not None:
                settle(_MMAP_THRESHOLD, _GREATEST)
                settle(_TRIM_THRESHOLD, 2 * _GREATEST)
    give_back_memory()


def give_back_memory() -> None:
    """Return freed memory to the system, where the C library can; it takes about 10 ms."""
    trim = _of_c_library("malloc_trim")
    if trim is not None:
        trim(0)


def _mallopt() -> "ctypes._NamedFuncPointer | None":
    tuned = any(x.startswith("MALLOC_") and x.endswith("_") for x in os.environ)
    if tuned or "glibc.malloc" in os.environ.get("GLIBC_TUNABLES", ""):
        return None
    return _of_c_library("mallopt")


@cache
def _of_c_library(name: str) -> "ctypes._NamedFuncPointer | None":
    if sys.platform != "linux":
        return None
    return getattr(ctypes.CDLL(None), name, None)  # the GNU C library's alone
