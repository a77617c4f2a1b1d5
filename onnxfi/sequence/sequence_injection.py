"""Defines a fault in a sequence of inferences and its outcome."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from onnxfi.error_models import Corruption
from onnxfi.injector import Outcome


@dataclass(frozen=True, eq=False, slots=True)
class SequenceInjection:
    """A sequence of inferences with a fault.

    Attributes:
        id: number of the injection; with the seed it determines the corruption.
        step: the first step of the fault.
        corruption: the corruption in that step.
        outputs: the outputs of each step, without those that hold state; the golden ones themselves
            before the fault, and where nothing is left of it; empty from a failed step on.
        outcomes: the outcome of each step.
        masked_at_step: the step after which the state is bit-equal to golden again, and the fault
            is over; None if that did not happen.
        steps_run: number of steps that ran.
    """

    id: int
    step: int
    corruption: Corruption
    outputs: Sequence[Mapping[str, np.ndarray]]
    outcomes: Sequence[Outcome]
    masked_at_step: int | None
    steps_run: int

    @property
    def outcome(self) -> Outcome:
        """The outcome of the whole sequence: the worst of its steps, due before sdc."""
        order: Sequence[Outcome] = ("due", "sdc", "benign", "masked")
        return min(self.outcomes, key=order.index)

    @property
    def first_wrong_step(self) -> int | None:
        """The first step with sdc or due; None without one."""
        wrong = (step for step, x in enumerate(self.outcomes) if x in ("sdc", "due"))
        return next(wrong, None)

    def __repr__(self) -> str:
        """Return one line: the step and the outcome."""
        wrong = self.first_wrong_step
        since = "" if wrong is None else f" from step {wrong} on"
        return f"<onnxfi.SequenceInjection {self.id} at step {self.step}: {self.outcome}{since}>"
