"""The values of a fault-free execution."""

from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass

import numpy as np

from onnxfi.errors import InputError


@dataclass(frozen=True, eq=False, slots=True)
class Golden:
    """A golden run: what an injection starts from and is compared with.

    Made by `Injector.golden`.

    Attributes:
        targets: the golden tensor of each target, by name.
        outputs: the golden outputs of the model, by name, from the sessions that the faulty outputs
            come from.
        answer: the golden outputs of the whole model with no node merged, by name: the same bits
            whatever the targets. Where only the targets were computed, the same as `outputs`.
        boundary: the other tensors that the suffix takes, by name.
        values: every tensor that is known of the golden run, by name; more are added when needed.
    """

    targets: Mapping[str, np.ndarray]
    outputs: Mapping[str, np.ndarray]
    answer: Mapping[str, np.ndarray]
    boundary: Mapping[str, np.ndarray]
    values: MutableMapping[str, np.ndarray]

    @property
    def nbytes(self) -> int:
        """Bytes that all values take; sequences of tensors have no size of their own."""
        sizes = {id(x): int(getattr(x, "nbytes", 0)) for x in self.values.values()}
        return sum(sizes.values())

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
