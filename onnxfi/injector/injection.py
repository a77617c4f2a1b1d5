"""One faulty execution."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from onnxfi.error_models import Corruption
from onnxfi.injector.outcome import Outcome


@dataclass(frozen=True, eq=False, slots=True)
class Injection:
    """One faulty execution and its outcome.

    Attributes:
        id: number of the injection; with the seed it determines the corruption.
        target: name of the target's tensor.
        corruption: the injection sites and the values written there.
        outputs: the faulty outputs of the model, by name.
        outcome: what the fault did.
    """

    id: int
    target: str
    corruption: Corruption
    outputs: Mapping[str, np.ndarray]
    outcome: Outcome
