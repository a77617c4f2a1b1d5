"""Running blocks of injections: all at once, or one by one where a target follows another."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from onnxfi.error_models import Corruption, Corruptions, values_at
from onnxfi.errors import InputError
from onnxfi.graph import Target
from onnxfi.injector.blocks import Meeting
from onnxfi.injector.drawing import Drawer
from onnxfi.injector.due.reasons import due_reasons
from onnxfi.injector.golden import Golden
from onnxfi.injector.injection import Injection
from onnxfi.injector.injections import Hits, Injections
from onnxfi.injector.metrics import Metric
from onnxfi.injector.metrics.own_metric import naming_injections
from onnxfi.injector.outcome import decide_outcome, decide_outcomes
from onnxfi.suffix.corrupted_run import CorruptedRun
from onnxfi.suffix.lane_result import Failure, LaneResult, failure_of
from onnxfi.suffix.split_sessions import Corrupt, SplitSessions
from onnxfi.surgery import Split


class BlockRunner:
    """Runs injections into the targets of a split; safe to use from several threads at once."""

    def __init__(self, split: Split, sessions: SplitSessions) -> None:
        """Keep the split and its sessions."""
        self._split = split
        self._sessions = sessions
        self._runs: Golden | None = None  # the last golden run that was seen to run

    def run(self, block: Sequence[tuple[Meeting, Drawer]], metric: Metric) -> list[Injections]:
        """Draw, inject and compare.

        Args:
            block: the meetings, each with what draws its corruptions.
            metric: decides between sdc and benign.

        Raises:
            ErrorModelError: an error model does not fit its target.
        """
        alone = len(self._split.stages) == 1
        return (self._inject_in_lanes if alone else self._inject_in_stages)(block, metric)

    def outputs(
        self, golden: Golden, first: Mapping[str, np.ndarray], corrupt: Corrupt
    ) -> dict[str, np.ndarray]:
        """Return the model's outputs, from the values of the first stage's targets on.

        Args:
            golden: the golden run that the boundary comes from.
            first: the values of the first stage's targets, by name.
            corrupt: called for each target of a later stage, with the value that came out.

        Raises:
            InputError: ONNX Runtime refuses a value, or a limit is exceeded.
        """
        faulty = self._sessions.run_suffix(
            {**golden.boundary, **first}, corrupt, golden=golden.values
        )
        return {**golden.outputs, **{name: faulty[name] for name in self._split.faulty_outputs}}

    def _inject_in_lanes(
        self, block: Sequence[tuple[Meeting, Drawer]], metric: Metric
    ) -> list[Injections]:
        """Inject all at once; every corruption is drawn from a golden tensor."""
        runs = [
            CorruptedRun(
                x.golden.values,
                drawer.draw_many(
                    x.faults, {y: x.golden.targets[y.tensor] for y in self._split.targets}
                ),
            )
            for x, drawer in block
        ]
        results = self._sessions.run_corrupted(runs)
        return [
            self._injections(meeting, run.corruptions, of_run, metric)
            for (meeting, _), run, of_run in zip(block, runs, results, strict=True)
        ]

    def _injections(
        self,
        meeting: Meeting,
        corruptions: Mapping[str, Corruptions],
        results: Sequence[LaneResult],
        metric: Metric,
    ) -> Injections:
        golden = meeting.golden
        failures = {place: x.failure for place, x in enumerate(results) if x.outputs is None}
        if failures:
            self._check_that_golden_runs(golden)
        outputs = [_faulty_outputs(golden, x) for x in results]
        with naming_injections(meeting.ids, outputs):
            outcomes = decide_outcomes(golden.outputs, outputs, metric)
        return Injections(
            meeting,
            hits=[
                Hits(name, np.arange(len(x)), x, values_at(golden.targets[name], x.indices))
                for name, x in corruptions.items()
            ],
            outputs=outputs,
            outcomes=outcomes,
            masked_at=[x.masked_at for x in results],
            due_reasons=due_reasons(golden.outputs, outputs, outcomes, failures),
        )

    def _inject_in_stages(
        self, block: Sequence[tuple[Meeting, Drawer]], metric: Metric
    ) -> list[Injections]:
        """Inject one after the other; a later corruption is drawn from what earlier ones led to."""
        names = [x.tensor for x in self._split.targets]
        return [
            Injections.of(
                x,
                [
                    self._inject_one_in_stages(x.golden, id_, drawer.of_fault(fault).draw, metric)
                    for id_, fault in zip(x.ids, x.faults, strict=True)
                ],
                names,
            )
            for x, drawer in block
        ]

    def _inject_one_in_stages(
        self,
        golden: Golden,
        injection_id: int,
        draw: Callable[[Target, np.ndarray], Corruption],
        metric: Metric,
    ) -> Injection:
        corruptions: list[Corruption] = []
        replaced: list[np.ndarray] = []

        def corrupt(target: Target, value: np.ndarray) -> np.ndarray:
            corruption = draw(target, value)
            corruptions.append(corruption)
            replaced.append(values_at(value, corruption.indices))
            return corruption.apply(value)

        first = {
            x.tensor: corrupt(x, golden.targets[x.tensor]) for x in self._split.stages[0].targets
        }
        failures: dict[int, Failure] = {}
        try:
            outputs = self.outputs(golden, first, corrupt)
        except InputError as error:
            self._check_that_golden_runs(golden)
            failures, outputs = {0: failure_of(error)}, {}
        with naming_injections([injection_id], [outputs]):
            outcome = decide_outcome(golden.outputs, outputs, metric)
        return Injection(
            id=injection_id,
            targets=tuple(x.tensor for x in self._split.targets[: len(corruptions)]),
            corruptions=tuple(corruptions),
            replaced=tuple(replaced),
            outputs=outputs,
            outcome=outcome,
            due_reason=due_reasons(golden.outputs, [outputs], [outcome], failures)[0],
        )

    def _check_that_golden_runs(self, golden: Golden) -> None:
        """Run without a fault: what fails then as well is no outcome of a fault."""
        if golden is not self._runs:
            first = {x.tensor: golden.targets[x.tensor] for x in self._split.stages[0].targets}
            self._sessions.run_suffix({**golden.boundary, **first}, lambda _, value: value)
            self._runs = golden


def _faulty_outputs(golden: Golden, resumed: LaneResult) -> Mapping[str, np.ndarray]:
    if resumed.outputs is None:
        return {}
    return {**golden.outputs, **resumed.outputs} if resumed.outputs else golden.outputs
