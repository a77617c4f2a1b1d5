"""The values of a fault-free execution."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False, slots=True)
class Golden:
    """A golden run: what an injection starts from and is compared with.

    Made by `Injector.golden`.

    Attributes:
        target: the golden tensor.
        outputs: the golden outputs of the model, by name.
        boundary: the other tensors that the suffix takes, by name.
    """

    target: np.ndarray
    outputs: Mapping[str, np.ndarray]
    boundary: Mapping[str, np.ndarray]
