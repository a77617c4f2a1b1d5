"""Where large blocks of memory come from while a session opens."""

import ctypes
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from onnxfi.runtime.heap import large_blocks_apart

LARGE = 8 << 20


class Mallinfo2(ctypes.Structure):
    """The GNU C library's mallinfo2."""

    _fields_ = [
        (name, ctypes.c_size_t)
        for name in (
            *("arena", "ordblks", "smblks", "hblks", "hblkhd"),
            *("usmblks", "fsmblks", "uordblks", "fordblks", "keepcost"),
        )
    ]


library = ctypes.CDLL(None) if sys.platform == "linux" else None
pytestmark = pytest.mark.skipif(
    not hasattr(library, "mallinfo2"), reason="needs the GNU C library, 2.33 or newer"
)


@contextmanager
def block() -> Iterator[bool]:
    """Take a large block, and tell whether it is the system's and not of the heap."""
    assert library is not None
    library.mallinfo2.restype = Mallinfo2
    library.malloc.restype = ctypes.c_void_p
    library.free.argtypes = [ctypes.c_void_p]
    before = library.mallinfo2().hblkhd
    place = library.malloc(LARGE)
    try:
        yield library.mallinfo2().hblkhd - before >= LARGE
    finally:
        library.free(place)


def test_large_blocks_are_apart_meanwhile_and_no_longer() -> None:
    with large_blocks_apart(), block() as apart:
        assert apart
    with block() as apart:
        assert not apart


def test_settings_of_the_environment_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    with large_blocks_apart():
        pass  # from here on large blocks are of the heap
    monkeypatch.setenv("MALLOC_MMAP_THRESHOLD_", "33554432")
    with large_blocks_apart(), block() as apart:
        assert not apart
    monkeypatch.delenv("MALLOC_MMAP_THRESHOLD_")
    monkeypatch.setenv("GLIBC_TUNABLES", "glibc.malloc.mmap_threshold=33554432")
    with large_blocks_apart(), block() as apart:
        assert not apart
