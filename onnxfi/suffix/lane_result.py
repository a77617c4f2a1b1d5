"""Holds the result of a corruption behind its target."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from onnxfi.errors import InputError, LimitError

#: Why a faulty execution failed.
Failure = Literal["refused", "timeout", "memory"]


@dataclass(frozen=True, eq=False, slots=True)
class LaneResult:
    """What became of a corruption.

    Attributes:
        outputs: the outputs that differ from golden, maybe among others; None where ONNX Runtime
            refuses to run.
        masked_at: name of the tensor in which nothing was left of it; None where that was not seen.
        failure: why there are no outputs, where they are None.
    """

    outputs: dict[str, np.ndarray] | None
    masked_at: str | None = None
    failure: Failure = "refused"

    def joined(self, later: "LaneResult") -> "LaneResult":
        """Return this with what became of the corruption farther on."""
        if self.outputs == {}:
            return later
        if self.outputs is None:
            return self
        if later.outputs is None:
            return later
        outputs = {**self.outputs, **later.outputs}
        return LaneResult(outputs, None if outputs else later.masked_at)


def failure_of(error: InputError) -> Failure:
    """Return why an execution failed that raised an error."""
    return error.reason if isinstance(error, LimitError) else "refused"
