"""Tests the source of large memory blocks while a session opens."""

import ctypes
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# A process of its own, since a block comes from the heap as long as that has room for it.
CHILD = """
import ctypes
from contextlib import nullcontext
from onnxfi.runtime.heap import large_blocks_apart

LARGE = 8 << 20
library = ctypes.CDLL(None)
library.malloc.restype = ctypes.c_void_p
library.free.argtypes = [ctypes.c_void_p]

class Mallinfo2(ctypes.Structure):
    names = "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost"
    _fields_ = [(name, ctypes.c_size_t) for name in names.split()]

library.mallinfo2.restype = Mallinfo2

with large_blocks_apart():
    pass  # the first time
for context in (large_blocks_apart(), nullcontext()):
    with context:
        before = library.mallinfo2().hblkhd  # bytes of the blocks that are apart
        place = library.malloc(LARGE)
        print(library.mallinfo2().hblkhd - before >= LARGE)
        library.free(place)
"""
pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or not hasattr(ctypes.CDLL(None), "mallinfo2"),
    reason="needs the GNU C library, 2.33 or newer",
)


def apart(**environment: str) -> list[bool]:
    """Return whether blocks are apart: while a session opens, and afterwards."""
    result = subprocess.run(
        [sys.executable, "-c", CHILD],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)} | environment,
    )
    return [line == "True" for line in result.stdout.split()]


def test_large_blocks_are_apart_meanwhile_and_no_longer() -> None:
    assert apart() == [True, False]


@pytest.mark.parametrize(
    "environment",
    [
        {"MALLOC_MMAP_THRESHOLD_": "33554432"},
        {"GLIBC_TUNABLES": "glibc.malloc.mmap_threshold=33554432"},
    ],
)
def test_settings_of_the_environment_stay(environment: dict[str, str]) -> None:
    assert apart(**environment) == [False, False]
