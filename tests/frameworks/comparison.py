"""Compares a source framework with onnxfi: the same faults must give the same outputs."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from onnxfi.error_models import Corruption
from tests.frameworks.exported import Exported
from tests.frameworks.faults import Faults, relative_difference

TOLERANCE = 1e-4
_ROWS = 32  # faulty executions that a framework runs at once: what fits into memory


class Source(Protocol):
    """A model in its source framework, which injects the faults by its own means."""

    def layer_outputs(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Return the golden output of every layer."""
        ...

    def outputs(
        self, inputs: Mapping[str, np.ndarray], injections: Sequence[Faults] = ...
    ) -> list[list[np.ndarray]]:
        """Return the outputs of the model for each of several faulty executions."""
        ...

    def weights(self) -> dict[str, np.ndarray]:
        """Return the golden weights in the layout of ONNX."""
        ...

    def corrupted_weight(self, name: str, corruption: Corruption) -> AbstractContextManager[None]:
        """Corrupt a weight for a while."""
        ...


@dataclass(frozen=True, slots=True)
class Comparison:
    """A summary of a comparison, for the report."""

    targets: int
    injections: int
    visible: int
    worst: float

    def __str__(self) -> str:
        """Return one line."""
        return (
            f"{self.targets} targets, {self.injections} injections, {self.visible} visible, "
            f"largest relative difference {self.worst:.1e}"
        )


@dataclass(frozen=True, slots=True)
class Case:
    """A model in its source framework and as exported, and inputs for both."""

    source: Source
    exported: Exported
    inputs: Mapping[str, np.ndarray]

    def expected(self, injections: Sequence[Faults]) -> list[list[np.ndarray]]:
        """Return the outputs of the source framework for each injection."""
        return [
            outputs
            for start in range(0, len(injections), _ROWS)
            for outputs in self.source.outputs(self.inputs, injections[start : start + _ROWS])
        ]

    def compare(
        self, injections: Sequence[Faults], expected: Sequence[list[np.ndarray]]
    ) -> Comparison:
        """Inject with onnxfi, and assert that the outputs are as expected."""
        (golden,) = self.source.outputs(self.inputs)
        actual = self.exported.outputs(self.inputs, injections)
        worst, visible = 0.0, 0
        for faults, one, other in zip(injections, actual, expected, strict=True):
            difference = largest_difference(one, other)
            assert difference <= TOLERANCE, f"{' and '.join(faults)}: {difference}"
            worst = max(worst, difference)
            visible += largest_difference(other, golden) > 10 * TOLERANCE
        # A corruption that changes nothing proves nothing.
        assert visible > len(injections) / 2
        targets = len({tuple(faults) for faults in injections})
        return Comparison(targets, len(injections), visible, worst)


Cases = Callable[..., Case]
"""Builds a case from the name of a model."""
Report = Callable[[object], None]
"""Receives a line of the report."""


def largest_difference(ones: Sequence[np.ndarray], others: Sequence[np.ndarray]) -> float:
    """Return the largest relative difference of any output of a model."""
    return max(relative_difference(x, y) for x, y in zip(ones, others, strict=True))
