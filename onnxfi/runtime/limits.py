"""Defines limits for the processor time and the memory of a faulty execution."""

import math
from dataclasses import dataclass
from typing import Literal

# Times the golden run. On a busy machine its time is known to within a small factor. A flipped bit
# of a trip count changes the time by a power of two, mostly a large one.
_TIMES_GOLDEN = 50
# Seconds. Short runs cannot be timed precisely.
_LEAST_SECONDS = 2.0
# Times the golden run.
_TIMES_GOLDEN_MEMORY = 8
# MiB that every machine has. Flipped bits give sizes near sums of powers of two; none is close.
_LEAST_MEMORY = 1200


@dataclass(frozen=True, slots=True)
class Taken:
    """The time and memory that an execution took.

    Attributes:
        seconds: processor time, or the elapsed time if that is shorter.
        memory: MiB on top of the session and its inputs.
    """

    seconds: float
    memory: float


NOTHING = Taken(0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Allowed:
    """Limits as numbers; None for no limit.

    Attributes:
        seconds: see `Limits`.
        memory: see `Limits`.
    """

    seconds: float | None
    memory: int | None


#: The limits of a golden run.
UNLIMITED = Allowed(None, None)


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of a faulty execution, which is due if it exceeds them.

    Attributes:
        seconds: processor time, so that a busy machine does not affect outcomes; ``auto`` means 50
            times the golden run, and at least 2; None means no limit.
        memory: MiB on top of the session and its inputs, half of them for the outputs, which are
            copied; on Linux and on the CPU only. ``auto`` means 8 times the golden run, and at
            least 1200; None means no limit.
    """

    seconds: float | Literal["auto"] | None = "auto"
    memory: int | Literal["auto"] | None = "auto"

    def allowed(self, golden: Taken = NOTHING) -> Allowed:
        """Return the limits as numbers, given the time and memory of a golden run."""
        seconds, memory = self.seconds, self.memory
        if seconds == "auto":
            seconds = max(_LEAST_SECONDS, round(_TIMES_GOLDEN * golden.seconds, 1))
        if memory == "auto":
            memory = max(_LEAST_MEMORY, math.ceil(_TIMES_GOLDEN_MEMORY * golden.memory))
        return Allowed(seconds, memory)


#: The default limits.
AUTO = Limits()
