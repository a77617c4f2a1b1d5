"""Defines the interface of a rule, which pushes patches through one node."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from onnxfi.suffix.patches import Patches


@dataclass(frozen=True, eq=False, slots=True)
class Operand:
    """An input of a node.

    Attributes:
        golden: its golden value, C-contiguous.
        patches: its patches; None if it is golden in every lane.
    """

    golden: np.ndarray
    patches: Patches | None


class InexactError(Exception):
    """A rule does not know the exact result in some lanes, which must run densely.

    Attributes:
        lanes: int64, the lanes.
    """

    def __init__(self, lanes: np.ndarray) -> None:
        """Keep the lanes."""
        super().__init__("not exact")
        self.lanes = lanes


class Rule(Protocol):
    """Carries patches through one node to one output, as ONNX Runtime computes it, bit for bit."""

    def __call__(self, operands: Sequence[Operand | None], output: np.ndarray) -> Patches:
        """Return every element of the output that may differ from golden.

        Args:
            operands: the node's inputs; None where an optional one is left out.
            output: the golden value of the output, C-contiguous.

        Raises:
            InexactError: the exact result is unknown in some lanes.
        """
