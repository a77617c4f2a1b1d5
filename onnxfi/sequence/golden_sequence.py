"""Holds a sequence of inferences without a fault."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from onnxfi.display import counted

Arrays = Mapping[str, np.ndarray]


@dataclass(frozen=True, eq=False, slots=True)
class GoldenSequence:
    """A sequence of inferences without a fault.

    Made by `SequenceInjector.golden`. The state at each step is kept, so that a fault begins there
    without the steps before it; beyond the injector's memory, states are kept at intervals only,
    and made again from there.

    Attributes:
        given: what was given to each step: its inputs without the state.
        feeds: the inputs of each step, state included.
        outputs: the outputs of each step, those that hold state included.
        answers: the outputs of each step without those that hold state; always kept.
        number: tells golden sequences of an injector apart.
    """

    given: Sequence[Arrays]
    feeds: Sequence[Arrays]
    outputs: Sequence[Arrays]
    answers: Sequence[Arrays]
    number: int

    def __len__(self) -> int:
        """Return the number of steps."""
        return len(self.given)

    def __repr__(self) -> str:
        """Return one line: the number of steps."""
        return f"<onnxfi.GoldenSequence of {counted(len(self), 'step')}>"
