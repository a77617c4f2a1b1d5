"""Holds the values of a fault-free execution."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from onnxfi.display import list_names
from onnxfi.errors import InputError
from onnxfi.graph import format_shape
from onnxfi.suffix import GoldenTensors, Tensors


@dataclass(frozen=True, eq=False, slots=True)
class Golden:
    """A golden run: injections start from it and are compared with it.

    Made by `Injector.golden`.

    Attributes:
        targets: the golden tensor of each target, by name.
        outputs: the golden outputs of the model, by name, from the sessions that compute the faulty
            outputs.
        answer: the golden outputs of the whole model without fused nodes, by name: the same bits
            whatever the targets. The same as `outputs` where only the targets were computed.
        boundary: the other tensors that the suffix takes, by name.
        tensors: every tensor that is known of the golden run.
        alarms: the alarms of a hardened model, by name, as they are without a fault; they are not
            among the outputs.
    """

    targets: Mapping[str, np.ndarray]
    outputs: Mapping[str, np.ndarray]
    answer: Mapping[str, np.ndarray]
    boundary: Mapping[str, np.ndarray]
    tensors: GoldenTensors
    alarms: Mapping[str, np.ndarray] = field(default_factory=dict)

    def __repr__(self) -> str:
        """Return one line: the targets and the outputs."""
        return (
            f"<onnxfi.Golden run at {list_names(self.targets)}: outputs {list_names(self.outputs)}>"
        )

    @property
    def values(self) -> Tensors:
        """Every tensor that the golden run computed, by name."""
        return self.tensors.values

    @property
    def nbytes(self) -> int:
        """Bytes that all tensors take; sequences of tensors have no size of their own."""
        return self.tensors.nbytes

    @property
    def target(self) -> np.ndarray:
        """The golden tensor of the only target.

        Raises:
            InputError: there are several.
        """
        if len(self.targets) > 1:
            raise InputError(
                f"`target` is for a golden run with one target, and this one has "
                f"{len(self.targets)}. Use `targets`."
            )
        return next(iter(self.targets.values()))

    def check_corrupted(self, name: str, corrupted: np.ndarray) -> None:
        """Check that an array can take the place of a target's golden tensor.

        Raises:
            InputError: no target has this name, or its tensor has another shape or dtype.
        """
        expected = self.targets.get(name)
        if expected is None:
            raise InputError(
                f"A corrupted tensor must be of a target ({', '.join(map(repr, self.targets))}), "
                f"got {name!r}."
            )
        if corrupted.shape != expected.shape or corrupted.dtype != expected.dtype:
            raise InputError(
                f"The corrupted tensor must be {expected.dtype} of shape "
                f"{format_shape(expected.shape)} like the golden tensor, got {corrupted.dtype} of "
                f"shape {format_shape(corrupted.shape)}."
            )
