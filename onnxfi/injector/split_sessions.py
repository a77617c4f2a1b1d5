"""The sessions of a split model: its prefix, and its stages one after the other."""

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import numpy as np

from onnxfi.graph import Target
from onnxfi.injector.stage_runner import CorruptedRun, Resumed, StageRunner
from onnxfi.runtime import Session
from onnxfi.surgery import Split

#: Gives what takes the place of a target's value.
Corrupt = Callable[[Target, np.ndarray], np.ndarray]


class SplitSessions:
    """Runs the prefix and the suffix of a split; safe to use from several threads at once."""

    def __init__(
        self,
        split: Split,
        *,
        provider: Literal["cpu", "cuda"],
        threads: int | None,
        lanes: int | Literal["auto"],
        propagation: bool,
    ) -> None:
        """Open the sessions.

        Args:
            split: the split model.
            provider: as `onnxfi.runtime.choose_provider` returns it.
            threads: intra-op threads of each session; None leaves the number to ONNX Runtime.
            lanes: the most lanes; ``auto`` measures how many pay.
            propagation: whether to push corruptions as sparse patches.

        Raises:
            ModelFormatError: ONNX Runtime cannot run a part of the model.
        """
        self._split = split
        self._prefix = Session(split.prefix, provider=provider, threads=threads)
        alone = len(split.stages) == 1
        self._stages = tuple(
            StageRunner(
                stage,
                provider=provider,
                threads=threads,
                lanes=lanes if alone else 1,
                propagation=propagation and alone,
            )
            for stage in split.stages
        )

    def run_prefix(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Return the targets of the first stage, the boundary and the golden outputs, by name.

        Raises:
            InputError: ONNX Runtime refuses the inputs.
        """
        return self._prefix.run(inputs)

    def run_suffix(
        self, values: Mapping[str, np.ndarray], corrupt: Corrupt
    ) -> dict[str, np.ndarray]:
        """Run the stages densely and return all that they compute, by name.

        Args:
            values: the boundary, and the targets of the first stage as they are to be fed.
            corrupt: called for each target of a later stage, with the value that came out.

        Raises:
            InputError: ONNX Runtime refuses a value.
        """
        known = dict(values)
        for number, stage in enumerate(self._stages):
            if number:
                for target in self._split.stages[number].targets:
                    known[target.tensor] = corrupt(target, known[target.tensor])
            known |= stage.run(known)
        return known

    def run_corrupted(self, runs: Sequence[CorruptedRun]) -> list[list[Resumed]]:
        """Run a suffix of one stage for several injections; see `StageRunner.run_corrupted`."""
        (stage,) = self._stages
        return stage.run_corrupted(runs)
