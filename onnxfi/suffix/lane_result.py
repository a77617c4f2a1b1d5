"""Holds the result of one lane behind its target."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from onnxfi.errors import InputError, LimitError

#: Why a faulty execution failed.
Failure = Literal["refused", "timeout", "memory"]


@dataclass(frozen=True, eq=False, slots=True)
class LaneResult:
    """The result of one corruption.

    Attributes:
        outputs: the outputs that differ from golden, maybe among others; None where the faulty
            execution failed.
        masked_at: name of the tensor that came out golden although the corruption reached it; None
            where that was not seen.
        failure: why there are no outputs, where they are None.
    """

    outputs: Mapping[str, np.ndarray] | None
    masked_at: str | None = None
    failure: Failure = "refused"

    @classmethod
    def failed(cls, error: InputError) -> "LaneResult":
        """Return the result of an execution that raised an error."""
        return cls(None, failure=error.reason if isinstance(error, LimitError) else "refused")

    def after(self, earlier: Mapping[str, np.ndarray]) -> "LaneResult":
        """Return this result with the outputs that earlier phases made of the lane."""
        if self.outputs is None or not earlier:
            return self
        return LaneResult({**earlier, **self.outputs})
