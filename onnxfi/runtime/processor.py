"""Describes the processor that sessions run on."""

import platform
from pathlib import Path
from typing import Final

# ONNX Runtime chooses kernels by these, which affects the last bits of float32 results.
_CHOOSING: Final = ("amx", "asimd", "avx", "bf16", "f16c", "fma", "i8mm", "sme", "sve")


def instruction_sets() -> tuple[str, ...]:
    """Return the vector instruction sets of the processor, sorted; empty if they are unknown.

    The names are from ``/proc/cpuinfo``, such as ``avx2`` and ``avx512_vnni``.
    """
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return ()
    for line in lines:
        key, _, words = line.partition(":")
        if key.strip() in ("flags", "Features"):
            chosen = {x for x in words.split() if x.startswith(_CHOOSING)}
            return tuple(sorted(chosen - {"smep"}))  # memory protection, not a vector extension
    return ()


def processor() -> dict[str, object]:
    """Return the architecture and the instruction sets of the processor, for a manifest."""
    return {"architecture": platform.machine(), "instruction_sets": list(instruction_sets())}
