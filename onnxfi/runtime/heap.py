"""Memory that was freed, and that the process still holds."""

import ctypes
import sys
from functools import cache


def give_back_memory() -> None:
    """Return freed memory to the system, where the C library can.

    ONNX Runtime takes several times the weights while it opens a session, in blocks that the GNU C
    library keeps for later. It takes about 10 ms.
    """
    trim = _trim()
    if trim is not None:
        trim(0)


@cache
def _trim() -> "ctypes._NamedFuncPointer | None":
    if sys.platform != "linux":
        return None
    return getattr(ctypes.CDLL(None), "malloc_trim", None)  # the GNU C library's alone
