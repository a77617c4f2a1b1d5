"""Defines the time and memory limits of a child process."""

import os
from dataclasses import dataclass, field
from pathlib import Path

_SHARE = 0.8  # of the machine's memory
_UNKNOWN_MACHINE = 16 * 2**30


def default_memory() -> int:
    """Return four fifths of the machine's memory in bytes; 16 GiB if it is unknown."""
    try:
        total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return _UNKNOWN_MACHINE
    return int(_SHARE * total)


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits beyond which a child process is killed.

    Attributes:
        seconds: longest run time in seconds; tf_keras loops forever on some damaged models.
        memory: largest resident size in bytes; tf2onnx takes 6 to 13 GB for a ResNet-50.
            Enforced on Linux only.
    """

    seconds: float = 900.0
    memory: int = field(default_factory=default_memory)


def resident_memory(process: int) -> int:
    """Return the resident bytes of a process; 0 if the system does not report them.

    A limit on addresses (RLIMIT_AS) is unusable: TensorFlow reserves far more than it uses.
    """
    try:
        pages = Path(f"/proc/{process}/statm").read_text(encoding="ascii").split()[1]
    except (OSError, IndexError):
        return 0
    return int(pages) * os.sysconf("SC_PAGE_SIZE")
