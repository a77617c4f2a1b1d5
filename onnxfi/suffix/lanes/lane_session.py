"""Defines sessions that run patched copies of golden inputs as one batch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from onnxfi.suffix.golden_tensors import Tensors
from onnxfi.suffix.patches import LanePatch


@dataclass(slots=True)
class Workspace:
    """Golden inputs in lanes, kept from one batch to the next; for one thread.

    Attributes:
        lanes: the inputs of several lanes one after the other, by name.
        owners: the golden tensor in each lane, by the name of the input.
    """

    lanes: dict[str, np.ndarray] = field(default_factory=dict)
    owners: dict[str, list[np.ndarray]] = field(default_factory=dict)


class LaneSession(Protocol):
    """Runs a model in lanes; safe to use from several threads at once."""

    def run(self, values: Tensors) -> dict[str, np.ndarray]:
        """Run one lane on values of your own and return its outputs by name.

        Args:
            values: the inputs by name, maybe among others.

        Raises:
            InputError: ONNX Runtime refuses a value.
        """

    @property
    def mixes(self) -> bool:
        """Whether the lanes of a batch may belong to different golden runs."""

    def run_patched(
        self,
        goldens: Sequence[Tensors],
        patches: Sequence[Mapping[str, LanePatch]],
        workspace: Workspace,
    ) -> dict[str, np.ndarray]:
        """Run lanes and return the outputs by name, those of all lanes one after the other.

        Args:
            goldens: for each lane the golden inputs by name, maybe among others.
            patches: what differs from golden in each lane.
            workspace: empty at first, and then the same.

        Raises:
            InputError: ONNX Runtime refuses a value.
        """
