"""Defines how long a fault lasts."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from onnxfi.errors import InputError


@dataclass(frozen=True, slots=True)
class Lifetime:
    """How long a fault lasts from its first step on.

    Attributes:
        kind: ``transient`` for its first step only; ``permanent`` for all that follow;
            ``intermittent`` for each of these with the probability `duty`, the first one for
            certain; ``until`` for `steps` steps.
        steps: the number of steps, for ``until``.
        duty: the share of the steps, for ``intermittent``.

    Raises:
        InputError: a value is wrong, or missing.
    """

    kind: Literal["transient", "permanent", "intermittent", "until"] = "transient"
    steps: int | None = None
    duty: float | None = None

    def __post_init__(self) -> None:
        """Check the values."""
        if self.kind not in ("transient", "permanent", "intermittent", "until"):
            raise InputError(
                "A lifetime is transient, permanent, intermittent or until a number of steps, got "
                f"{self.kind!r}."
            )
        if (self.kind == "until") != (self.steps is not None):
            raise InputError("A lifetime has `steps` if and only if its kind is until.")
        if (self.kind == "intermittent") != (self.duty is not None):
            raise InputError("A lifetime has a `duty` if and only if its kind is intermittent.")
        if self.steps is not None and self.steps < 1:
            raise InputError(f"A fault must last for at least 1 step, got {self.steps}.")
        if self.duty is not None and not 0 < self.duty <= 1:
            raise InputError(f"A duty must be above 0 and at most 1, got {self.duty:g}.")

    def active(self, first: int, steps: int, *, rng: np.random.Generator) -> np.ndarray:
        """Return in which steps the fault is there: bool, shape ``(steps,)``.

        Args:
            first: the first step of the fault.
            steps: number of steps of the sequence.
            rng: the source of randomness, of an intermittent fault.
        """
        places = np.arange(steps)
        if self.kind == "intermittent":
            assert self.duty is not None
            drawn = rng.random(steps) < self.duty
            return np.asarray((places == first) | ((places > first) & drawn))
        last = {"transient": first, "permanent": steps - 1, "until": first + (self.steps or 1) - 1}
        return np.asarray((places >= first) & (places <= last[self.kind]))
