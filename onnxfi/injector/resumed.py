"""What becomes of a corruption behind its target."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False, slots=True)
class Resumed:
    """What became of a corruption.

    Attributes:
        outputs: the outputs that differ from golden, maybe among others; None where ONNX Runtime
            refuses to run.
        vanished: name of the tensor in which nothing was left of it; None where that was not seen.
    """

    outputs: dict[str, np.ndarray] | None
    vanished: str | None = None

    def joined(self, later: "Resumed") -> "Resumed":
        """Return this with what became of the corruption farther on."""
        if self.outputs == {}:
            return later
        if self.outputs is None or later.outputs is None:
            return Resumed(None)
        outputs = {**self.outputs, **later.outputs}
        return Resumed(outputs, None if outputs else later.vanished)
