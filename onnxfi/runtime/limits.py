"""The processor time and the memory that a faulty execution may take."""

import math
from dataclasses import dataclass
from typing import Literal

# A golden run is timed to within a factor of a few on a busy machine, and a flipped bit of a trip
# count changes the time by a power of two, mostly a large one.
_TIMES_GOLDEN = 50
# Seconds. Short runs are timed less well, and a second is soon over.
_LEAST_SECONDS = 2.0
_TIMES_GOLDEN_MEMORY = 8
# MiB: what every machine has. Flipped bits lead to sums of a few powers of two; none is near it.
_LEAST_MEMORY = 1200


@dataclass(frozen=True, slots=True)
class Taken:
    """What an execution took.

    Attributes:
        seconds: processor time, or the time that passed where that is less.
        memory: MiB on top of what the session and its inputs take.
    """

    seconds: float
    memory: float


NOTHING = Taken(0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Allowed:
    """Limits as numbers; None where there is none.

    Attributes:
        seconds: as `Limits` has it.
        memory: as `Limits` has it.
    """

    seconds: float | None
    memory: int | None


#: What a golden run may take.
UNLIMITED = Allowed(None, None)


@dataclass(frozen=True, slots=True)
class Limits:
    """What a faulty execution may take before it ends as due.

    Attributes:
        seconds: processor time, so that a busy machine decides no outcome; ``auto`` is 50 times
            that of the golden run, and at least 2; None sets no limit.
        memory: MiB on top of what the session and its inputs take, half of them for the outputs,
            which are copied; on Linux and on the CPU. ``auto`` is 8 times that of the golden run,
            and at least 1200; None sets no limit.
    """

    seconds: float | Literal["auto"] | None = "auto"
    memory: int | Literal["auto"] | None = "auto"

    def allowed(self, golden: Taken = NOTHING) -> Allowed:
        """Return the limits as numbers, given what a golden run took."""
        seconds, memory = self.seconds, self.memory
        if seconds == "auto":
            seconds = max(_LEAST_SECONDS, round(_TIMES_GOLDEN * golden.seconds, 1))
        if memory == "auto":
            memory = max(_LEAST_MEMORY, math.ceil(_TIMES_GOLDEN_MEMORY * golden.memory))
        return Allowed(seconds, memory)


#: The limits where none are given.
AUTO = Limits()
