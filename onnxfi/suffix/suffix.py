"""Runs the suffix of a split model: exactly, and no more of it than needed."""

from collections.abc import Callable, Sequence

import numpy as np

from onnxfi.errors import InputError, LimitError
from onnxfi.graph import Target
from onnxfi.suffix.batch import Batch
from onnxfi.suffix.golden_tensors import Tensors
from onnxfi.suffix.lane_result import LaneResult
from onnxfi.suffix.phases.phase import Entry
from onnxfi.suffix.phases.second_try import SecondTry
from onnxfi.suffix.route import Route
from onnxfi.suffix.run_settings import RunSettings
from onnxfi.suffix.waiting import Waiting
from onnxfi.surgery import Split

#: Returns the value that takes the place of a target's value.
Corrupt = Callable[[Target, np.ndarray, Tensors], np.ndarray]


class Suffix:
    """Runs the stages of a suffix; safe to use from several threads at once."""

    def __init__(self, split: Split, settings: RunSettings) -> None:
        """Open the sessions.

        Args:
            split: the model split at the targets.
            settings: how to run.

        Raises:
            ModelFormatError: ONNX Runtime cannot run a stage.
        """
        self._split = split
        self._most_lanes = settings.policy.most_lanes
        if len(split.stages) > 1:
            settings = settings.for_one_lane()
        self._routes = tuple(Route(stage, settings) for stage in split.stages)
        self._second_tries = tuple(SecondTry(stage.model, settings) for stage in split.stages)

    def run(self, batches: Sequence[Batch]) -> dict[int, LaneResult]:
        """Run the only stage for many corruptions.

        Args:
            batches: the corruptions of the targets for some golden runs; no two lanes have the same
                number.

        Returns:
            The result of each lane, by its number.
        """
        (route,) = self._routes
        with route.choose(batches) as entry:
            results = run_from(entry, batches, most_lanes=self._most_lanes)
        return results | self._run_again(batches, results)

    def _run_again(
        self, batches: Sequence[Batch], results: dict[int, LaneResult]
    ) -> dict[int, LaneResult]:
        """Repeat the executions that ONNX Runtime refused, without graph optimizations."""
        (second_try,) = self._second_tries
        return {
            lane: second_try.result(batch.values(position), batch.goldens[position].values)
            for batch in batches
            for position, lane in enumerate(batch.lanes)
            if results[lane].outputs is None and results[lane].failure == "refused"
        }

    def run_stages(
        self, values: Tensors, corrupt: Corrupt, *, golden: Tensors | None = None
    ) -> dict[str, np.ndarray]:
        """Run the stages one after the other on whole tensors and return all that they compute.

        Args:
            values: the boundary, and the targets of the first stage as they are to be fed, by name.
            corrupt: called for each target of a later stage, with the value that was computed and
                with all tensors that are known by then.
            golden: the golden run of a faulty execution, by name; None for a golden run.

        Raises:
            InputError: ONNX Runtime refuses a value, or a faulty execution exceeds a limit.
        """
        known = dict(values)
        for number, (stage, route) in enumerate(zip(self._split.stages, self._routes, strict=True)):
            if number:
                for target in stage.targets:
                    known[target.tensor] = corrupt(target, known[target.tensor], known)
            known |= (
                route.run_golden(known)
                if golden is None
                else self._run_faulty(number, known, golden)
            )
        return known

    def _run_faulty(self, number: int, values: Tensors, golden: Tensors) -> dict[str, np.ndarray]:
        try:
            return self._routes[number].run_faulty(values)
        except LimitError:
            raise
        except InputError:
            return self._second_tries[number].run(values, golden)


def run_from(entry: Entry, batches: Sequence[Batch], *, most_lanes: int) -> dict[int, LaneResult]:
    """Run lanes from an entry to the end, and return the result of each by its number.

    Args:
        entry: where the lanes begin.
        batches: the lanes; no two of them have the same number.
        most_lanes: lanes that fill a batch.
    """
    results: dict[int, LaneResult] = {}
    waiting = Waiting(most_lanes)
    for batch in batches:
        waiting.add(entry, batch)
    for at, phase, some in waiting.turns():
        done, left, refused = phase.run(some).checked(some)
        results.update(some.finish(done))
        waiting.add(phase.behind, left)
        waiting.add(at, None if refused is None else refused.densely())
    return results
