"""Controls how the C library allocates memory and returns it to the system."""

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
# Bytes: the initial threshold of the GNU C library; most weights are larger.
_LARGE: Final = 128 << 10
# Bytes: the threshold that the GNU C library adapts to when a process frees large blocks.
_GREATEST: Final = 32 << 20
_opening = threading.Lock()
_opened = threading.Event()


@contextmanager
def large_blocks_apart() -> Iterator[None]:
    """Allocate large blocks from the system while sessions are opened, so that it gets them back.

    ONNX Runtime allocates three times the weights while it opens a session, and keeps one. Blocks
    that the GNU C library allocates from its heap would stay in the process, fragmented. Afterwards
    large blocks come from the heap again, which is faster for memory that each run allocates and
    frees. Memory that is already free is returned as well.

    One thread opens at a time. The first time nothing changes, which is faster, because there are
    no other sessions whose memory would add up. If you set the environment variables that configure
    the GNU C library's allocator, onnxfi leaves it alone.
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
    """Return freed memory to the system, if the C library supports it; takes about 10 ms."""
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
    return getattr(ctypes.CDLL(None), name, None)  # only the GNU C library has it
