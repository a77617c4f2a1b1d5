"""How long a child process may take, and how much memory."""

import os
from dataclasses import dataclass, field
from pathlib import Path

_SHARE = 0.8  # of the machine's memory
_UNKNOWN_MACHINE = 16 * 2**30


def default_memory() -> int:
    """Return four fifths of the machine's memory in bytes; 16 GiB where that cannot be told."""
    try:
        total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return _UNKNOWN_MACHINE
    return int(_SHARE * total)


@dataclass(frozen=True, slots=True)
class Limits:
    """What a child process is killed for.

    Attributes:
        seconds: how long it may take; tf_keras loops for ever on some damaged models.
        memory: how many bytes may be resident; tf2onnx takes 6 to 13 GB for a ResNet-50. Watched
            on Linux; elsewhere there is no limit.
    """

    seconds: float = 900.0
    memory: int = field(default_factory=default_memory)


def resident_memory(process: int) -> int:
    """Return the resident bytes of a process, 0 where the system does not tell.

    A limit on addresses (RLIMIT_AS) would do harm: TensorFlow reserves far more than it uses.
    """
    try:
        pages = Path(f"/proc/{process}/statm").read_text(encoding="ascii").split()[1]
    except (OSError, IndexError):
        return 0
    return int(pages) * os.sysconf("SC_PAGE_SIZE")
