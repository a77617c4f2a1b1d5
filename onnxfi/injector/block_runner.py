"""Runs blocks of injections: all at once, or one by one where a target follows another."""

from collections.abc import Mapping, Sequence

import numpy as np

from onnxfi.error_models import Corruption, Corruptions, values_at
from onnxfi.errors import InputError
from onnxfi.graph import Target
from onnxfi.injector.drawing import Draw, Drawer, Drawers, naming_faults
from onnxfi.injector.due.reasons import due_reasons
from onnxfi.injector.golden import Golden
from onnxfi.injector.injection import Injection
from onnxfi.injector.injection_batch import InjectionBatch
from onnxfi.injector.injections import Hits, Injections
from onnxfi.injector.metrics import Metric, naming_injections
from onnxfi.injector.outcome import decide_outcome, decide_outcomes
from onnxfi.suffix import Batch, Corrupt, Failure, LaneResult, Patches, Suffix, Tensors
from onnxfi.surgery import Split


class BlockRunner:
    """Runs injections into the targets of a split; safe to use from several threads at once."""

    def __init__(self, split: Split, suffix: Suffix) -> None:
        """Keep the split and its suffix."""
        self._suffix = suffix
        self._split = split
        self._runs: Golden | None = None  # the last golden run that was seen to run

    def run(
        self, block: Sequence[InjectionBatch], drawers: Drawers, metric: Metric
    ) -> list[Injections]:
        """Draw, inject and compare.

        Args:
            block: golden runs and the faults to inject into them.
            drawers: draw the corruptions.
            metric: decides between sdc and benign.

        Raises:
            ErrorModelError: an error model does not fit its target.
        """
        drawn = [(x, drawers.of(x.golden)) for x in block]
        run = self._inject_in_lanes if len(self._split.stages) == 1 else self._inject_in_stages
        return run(drawn, metric)

    def corrupted(self, golden: Golden, injection: Injection) -> dict[str, np.ndarray]:
        """Return the corrupted tensors of an injection; see `Injector.corrupted`."""
        corruptions = dict(zip(injection.targets, injection.corruptions, strict=True))
        tensors: dict[str, np.ndarray] = {}

        def corrupt(target: Target, value: np.ndarray, known: Tensors) -> np.ndarray:
            if target.tensor not in corruptions:
                return value
            tensors[target.tensor] = corruptions[target.tensor].apply(value)
            return tensors[target.tensor]

        first = {
            x.tensor: corrupt(x, golden.targets[x.tensor], golden.values)
            for x in self._split.stages[0].targets
        }
        if len(corruptions) > len(first):
            values = {**golden.boundary, **first}
            self._suffix.run_stages(values, corrupt, golden=golden.values)
        return tensors

    def outputs(
        self, golden: Golden, first: Mapping[str, np.ndarray], corrupt: Corrupt
    ) -> dict[str, np.ndarray]:
        """Return the model's outputs, from the values of the first stage's targets on.

        Args:
            golden: the golden run that the boundary comes from.
            first: the values of the first stage's targets, by name.
            corrupt: called for each target of a later stage, with the value that came out and the
                tensors that are known by then.

        Raises:
            InputError: ONNX Runtime refuses a value, or a limit is exceeded.
        """
        faulty = self._suffix.run_stages(
            {**golden.boundary, **first}, corrupt, golden=golden.values
        )
        changed = {name: faulty[name] for name in self._split.faulty_outputs}
        return {**golden.outputs, **golden.alarms, **changed}

    def _inject_in_lanes(
        self, block: Sequence[tuple[InjectionBatch, Drawer]], metric: Metric
    ) -> list[Injections]:
        """Inject all at once; every corruption is drawn from a golden tensor."""
        drawn: list[Mapping[str, Corruptions]] = []
        batches: list[Batch] = []
        first = 0
        for batch, drawer in block:
            golden, count = batch.golden, len(batch.faults)
            with naming_faults(batch.ids, batch.faults):
                corruptions = drawer.draw_many(
                    batch.faults, {x: golden.targets[x.tensor] for x in self._split.targets}
                )
            patches = {
                name: Patches.of(x, golden.targets[name].size) for name, x in corruptions.items()
            }
            lanes = range(first, first + count)
            batches.append(Batch(lanes, [golden.tensors] * count, by_tensor=patches))
            drawn.append(corruptions)
            first += count
        results = self._suffix.run(batches)
        return [
            self._injections(batch, corruptions, [results[x] for x in lanes.lanes], metric)
            for (batch, _), corruptions, lanes in zip(block, drawn, batches, strict=True)
        ]

    def _injections(
        self,
        batch: InjectionBatch,
        corruptions: Mapping[str, Corruptions],
        results: Sequence[LaneResult],
        metric: Metric,
    ) -> Injections:
        golden = batch.golden
        failures = {place: x.failure for place, x in enumerate(results) if x.outputs is None}
        if failures:
            self._check_that_golden_runs(golden)
        outputs = [_faulty_outputs(golden, x.outputs) for x in results]
        with naming_injections(batch.ids, outputs):
            outcomes = decide_outcomes(golden.outputs, outputs, metric)
        return Injections(
            batch,
            hits=[
                Hits(name, np.arange(len(x)), x, values_at(golden.targets[name], x.indices))
                for name, x in corruptions.items()
            ],
            outputs=outputs,
            outcomes=outcomes,
            masked_at=[x.masked_at for x in results],
            due_reasons=due_reasons(golden.outputs, outputs, outcomes, failures),
            alarms=[_alarms(golden, x.outputs) for x in results],
        )

    def _inject_in_stages(
        self, block: Sequence[tuple[InjectionBatch, Drawer]], metric: Metric
    ) -> list[Injections]:
        """Inject one after the other; a later corruption is drawn from what earlier ones led to."""
        names = [x.tensor for x in self._split.targets]
        found = []
        for batch, drawer in block:
            with naming_faults(batch.ids, batch.faults):
                injections = [
                    self._inject_one_in_stages(batch.golden, id_, drawer.of_fault(fault), metric)
                    for id_, fault in zip(batch.ids, batch.faults, strict=True)
                ]
            found.append(Injections.of(batch, injections, names))
        return found

    def _inject_one_in_stages(
        self,
        golden: Golden,
        injection_id: int,
        draw: Draw,
        metric: Metric,
    ) -> Injection:
        corruptions: list[Corruption] = []
        replaced: list[np.ndarray] = []

        def corrupt(target: Target, value: np.ndarray, known: Tensors) -> np.ndarray:
            corruption = draw(target, value, {**golden.values, **known})
            corruptions.append(corruption)
            replaced.append(values_at(value, corruption.indices))
            return corruption.apply(value)

        first = {
            x.tensor: corrupt(x, golden.targets[x.tensor], golden.values)
            for x in self._split.stages[0].targets
        }
        failures: dict[int, Failure] = {}
        made: Mapping[str, np.ndarray] | None = None
        try:
            made = self.outputs(golden, first, corrupt)
        except InputError as error:
            self._check_that_golden_runs(golden)
            failures = {0: LaneResult.failed(error).failure}
        outputs = _faulty_outputs(golden, made)
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
            alarms=_alarms(golden, made),
        )

    def _check_that_golden_runs(self, golden: Golden) -> None:
        """Run without a fault: what fails then as well is no outcome of a fault."""
        if golden is not self._runs:
            first = {x.tensor: golden.targets[x.tensor] for x in self._split.stages[0].targets}
            self._suffix.run_stages({**golden.boundary, **first}, lambda _, value, __: value)
            self._runs = golden


def _faulty_outputs(
    golden: Golden, made: Mapping[str, np.ndarray] | None
) -> Mapping[str, np.ndarray]:
    """Return the outputs of a faulty execution; empty where it failed."""
    if made is None:
        return {}
    if golden.alarms:
        made = {name: x for name, x in made.items() if name not in golden.alarms}
    return {**golden.outputs, **made} if made else golden.outputs


def _alarms(golden: Golden, made: Mapping[str, np.ndarray] | None) -> Mapping[str, np.ndarray]:
    """Return the alarms of a faulty execution; empty where it failed."""
    if made is None or not golden.alarms:
        return {}
    return {name: made.get(name, x) for name, x in golden.alarms.items()}
