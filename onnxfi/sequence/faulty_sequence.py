"""Runs a sequence of inferences with a fault."""

import numpy as np

from onnxfi.error_models import Corruption, ErrorModel
from onnxfi.errors import InputError
from onnxfi.injector import (
    Metric,
    Outcome,
    decide_outcome,
    injection_rng,
    prepare_error_model,
)
from onnxfi.sequence.golden_sequence import Arrays, GoldenSequence
from onnxfi.sequence.sequence_injection import SequenceInjection
from onnxfi.sequence.step_runner import StepRunner, same


class FaultySequence:
    """The run of one fault through a sequence."""

    def __init__(
        self,
        steps: StepRunner,
        golden: GoldenSequence,
        active: np.ndarray,
        model: ErrorModel,
        seed: int,
        number: int,
    ) -> None:
        """Keep what the fault is.

        Args:
            steps: runs the steps.
            golden: the golden sequence.
            active: bool, shape ``(steps,)``: in which steps the fault is there.
            model: draws the corruption.
            seed: seed of the campaign.
            number: id of the injection.
        """
        self._steps = steps
        self._golden = golden
        self._active = active
        self._model = model
        self._draw = (seed, number)
        self._first: Corruption | None = None

    def run(self, first: int, metric: Metric, *, early_exit: bool) -> SequenceInjection:
        """Run the steps from the first one with the fault on.

        Args:
            first: the first step of the fault.
            metric: decides between sdc and benign in each step.
            early_exit: whether to stop once nothing is left of the fault.
        """
        runner, golden, count = self._steps, self._golden, len(self._golden)
        outputs: list[Arrays] = [*golden.answers]
        outcomes: list[Outcome] = ["masked"] * count
        made: Arrays = {}
        feeds: Arrays = golden.feeds[first]
        masked_at: int | None = None
        ran = 0
        last_active = int(np.flatnonzero(self._active)[-1])
        for step in range(first, count):
            if step > first:
                feeds = runner.next_inputs(golden.given[step], made)
            ran += 1
            try:
                made = self._step(step, feeds)
            except InputError:
                outputs[step:] = [{}] * (count - step)
                outcomes[step:] = ["due"] * (count - step)
                break
            answer = runner.answer(made)
            outcomes[step] = decide_outcome(golden.answers[step], answer, metric)
            outputs[step] = answer
            over = step >= last_active and same(made, golden.outputs[step])
            if over and masked_at is None:
                masked_at = step
            if over and early_exit:
                break
            if not over:
                masked_at = None
        assert self._first is not None
        return SequenceInjection(
            self._draw[1], first, self._first, tuple(outputs), tuple(outcomes), masked_at, ran
        )

    def _step(self, step: int, feeds: Arrays) -> dict[str, np.ndarray]:
        """Run a step, with the fault if it is there, and return all outputs."""
        injector = self._steps.injector
        golden = (
            self._steps.golden(self._golden.number, step, feeds)
            if same(feeds, self._golden.feeds[step])
            else injector.golden(feeds)
        )
        if not self._active[step]:
            return dict(golden.outputs)
        return injector.resume(golden, self._corrupted(golden.target))

    def _corrupted(self, value: np.ndarray) -> np.ndarray:
        if self._first is not None and self._steps.injector.target.kind == "weight":
            return self._first.apply(value)
        target = self._steps.injector.target
        model = prepare_error_model(self._model, target, value)
        corruption = model.sample(
            value, channel_axis=target.channel_axis, rng=injection_rng(*self._draw)
        )
        self._first = self._first or corruption
        return corruption.apply(value)
