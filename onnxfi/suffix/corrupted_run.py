"""Holds a golden run and the corruptions that a stage runs with."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from onnxfi.error_models import Corruptions
from onnxfi.suffix import Values


@dataclass(frozen=True, eq=False, slots=True)
class CorruptedRun:
    """A golden run, and corruptions to try on it.

    Attributes:
        golden: the stage's inputs and all that it makes of them, by name; what else is learnt of
            the golden run is added.
        corruptions: for each target, by name, the corruption of each injection.
    """

    golden: Values
    corruptions: Mapping[str, Corruptions]

    def faulty(self, lane: int) -> dict[str, np.ndarray]:
        """Return the values of the golden run, with the corruptions of one injection."""
        hit = {x: y[lane].apply(self.golden[x]) for x, y in self.corruptions.items()}
        return {**self.golden, **hit}

    @property
    def count(self) -> int:
        """Number of injections."""
        return len(next(iter(self.corruptions.values())))
