"""The sessions of a split model: its prefix, and its stages one after the other."""

import threading
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Literal

import numpy as np

from onnxfi.errors import InputError, LimitError
from onnxfi.graph import Model, Target
from onnxfi.injector.golden_pass import GoldenPass
from onnxfi.runtime.limits import Limits
from onnxfi.suffix import Values
from onnxfi.suffix.corrupted_run import CorruptedRun
from onnxfi.suffix.lane_result import LaneResult
from onnxfi.suffix.second_try import SecondTry
from onnxfi.suffix.stage_runner import StageRunner
from onnxfi.surgery import Split
from onnxfi.surgery.noise import with_masks_apart

#: Gives what takes the place of a target's value.
Corrupt = Callable[[Target, np.ndarray], np.ndarray]


class SplitSessions:
    """Runs the prefix and the suffix of a split; safe to use from several threads at once."""

    def __init__(
        self,
        model: Model,
        split: Split,
        *,
        provider: Literal["cpu", "cuda"],
        threads: int | None,
        lanes: int | Literal["auto"],
        propagation: bool,
        shortcuts: bool,
        limits: Limits | None,
    ) -> None:
        """Open the sessions.

        Args:
            model: the model.
            split: the model split at the targets.
            provider: as `onnxfi.runtime.choose_provider` returns it.
            threads: intra-op threads of each session; None leaves the number to ONNX Runtime.
            lanes: the most lanes; ``auto`` measures how many pay.
            propagation: whether to push corruptions as sparse patches.
            shortcuts: whether to try windows of images, and checkpoints, behind these.
            limits: what a faulty execution may take; None where that needs no limit.

        Raises:
            ModelFormatError: ONNX Runtime cannot run a part of the model.
        """
        self._split = split
        model = with_masks_apart(model)
        outputs = [model.values[x.name or ""] for x in split.prefix.graph.outputs]
        self._open_prefix = partial(GoldenPass, model, outputs, provider=provider, threads=threads)
        self._prefix: GoldenPass | None = None
        self._lock = threading.Lock()
        alone = len(split.stages) == 1
        self._second_tries = tuple(
            SecondTry(stage.model, provider=provider, threads=threads, limits=limits)
            for stage in split.stages
        )
        self._stages = tuple(
            StageRunner(
                stage,
                provider=provider,
                threads=threads,
                lanes=lanes if alone else 1,
                propagation=propagation and alone,
                shortcuts=shortcuts and alone,
                limits=limits,
            )
            for stage in split.stages
        )

    def run_prefix(self, inputs: Mapping[str, np.ndarray], *, seed: int) -> dict[str, np.ndarray]:
        """Return the targets of the first stage, the boundary and the golden outputs, by name.

        Raises:
            InputError: ONNX Runtime refuses the inputs.
        """
        with self._lock:
            if self._prefix is None:  # several targets may share a pass instead
                self._prefix = self._open_prefix()
        return self._prefix.run(inputs, seed=seed)

    def run_suffix(
        self,
        values: Mapping[str, np.ndarray],
        corrupt: Corrupt,
        *,
        golden: Values | None = None,
    ) -> dict[str, np.ndarray]:
        """Run the stages densely and return all that they compute, by name.

        Args:
            values: the boundary, and the targets of the first stage as they are to be fed.
            corrupt: called for each target of a later stage, with the value that came out.
            golden: the golden run that this is a faulty execution of; None for a golden run.

        Raises:
            InputError: ONNX Runtime refuses a value, or a faulty execution exceeds a limit.
        """
        known = dict(values)
        for number, stage in enumerate(self._stages):
            if number:
                for target in self._split.stages[number].targets:
                    known[target.tensor] = corrupt(target, known[target.tensor])
            known |= stage.run(known) if golden is None else self._run_faulty(number, known, golden)
        return known

    def run_corrupted(self, runs: Sequence[CorruptedRun]) -> list[list[LaneResult]]:
        """Run a suffix of one stage for several injections; see `StageRunner.run_corrupted`."""
        (stage,), (second_try,) = self._stages, self._second_tries
        results = stage.run_corrupted(runs)
        for run, of_run in zip(runs, results, strict=True):
            for lane, resumed in enumerate(of_run):
                if resumed.outputs is None and resumed.failure == "refused":
                    of_run[lane] = second_try.resumed(run.faulty(lane), run.golden)
        return results

    def _run_faulty(
        self, number: int, values: Mapping[str, np.ndarray], golden: Values
    ) -> dict[str, np.ndarray]:
        try:
            return self._stages[number].run(values, faulty=True)
        except LimitError:
            raise
        except InputError:
            return self._second_tries[number].run(values, golden)
