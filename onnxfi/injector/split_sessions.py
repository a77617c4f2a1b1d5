"""The sessions of a split model: its prefix, and its stages one after the other."""

from collections.abc import Callable, Mapping
from typing import Literal

import numpy as np

from onnxfi.errors import ModelFormatError
from onnxfi.graph import Target
from onnxfi.runtime import Session
from onnxfi.surgery import Split, Stage

#: Gives what takes the place of a target's value.
Corrupt = Callable[[Target, np.ndarray], np.ndarray]


class SplitSessions:
    """Runs the prefix and the suffix of a split; safe to use from several threads at once."""

    def __init__(
        self, split: Split, *, provider: Literal["cpu", "cuda"], threads: int | None
    ) -> None:
        """Open the sessions.

        Args:
            split: the split model.
            provider: as `onnxfi.runtime.choose_provider` returns it.
            threads: intra-op threads of each session; None leaves the number to ONNX Runtime.

        Raises:
            ModelFormatError: ONNX Runtime cannot run a part of the model.
        """
        self._split = split
        self._prefix = Session(split.prefix, provider=provider, threads=threads)
        # Targets that reach no output have nothing to run after them.
        self._stages = tuple(
            _open(stage, provider=provider, threads=threads) if stage.model.graph.outputs else None
            for stage in split.stages
        )
        self._stage_inputs = tuple(
            tuple(value.name or "" for value in stage.model.graph.inputs) for stage in split.stages
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
        """Run the stages and return the faulty outputs by name.

        Args:
            values: the boundary, and the targets of the first stage as they are to be fed.
            corrupt: called for each target of a later stage, with the value that came out.

        Raises:
            InputError: ONNX Runtime refuses a value.
        """
        known = dict(values)
        for number, session in enumerate(self._stages):
            if number:
                for target in self._split.stages[number].targets:
                    known[target.tensor] = corrupt(target, known[target.tensor])
            if session is not None:
                known |= session.run({name: known[name] for name in self._stage_inputs[number]})
        return {name: known[name] for name in self._split.faulty_outputs}


def _open(stage: Stage, *, provider: Literal["cpu", "cuda"], threads: int | None) -> Session:
    try:
        return Session(stage.model, provider=provider, threads=threads)
    except ModelFormatError as error:
        names = " and ".join(repr(x.tensor) for x in stage.targets)
        raise ModelFormatError(
            f"What follows the target {names} must run with the target as its input. {error}"
        ) from error
