"""Injects faults into sequences of inferences."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, Self

import numpy as np

from onnxfi.errors import InputError
from onnxfi.graph import Model, Target
from onnxfi.injector import ErrorModelSpec, Injector, Metric, assign_error_models
from onnxfi.injector.metrics import checked, default_metric
from onnxfi.sequence.faulty_sequence import FaultySequence
from onnxfi.sequence.golden_sequence import Arrays, GoldenSequence
from onnxfi.sequence.golden_steps import FeedsOfSteps, GoldenSteps, OutputsOfSteps
from onnxfi.sequence.lifetime import Lifetime
from onnxfi.sequence.sequence_injection import SequenceInjection
from onnxfi.sequence.state import StateMap
from onnxfi.sequence.step_runner import StepRunner

# Key of the generator that draws the first step, and the steps of an intermittent fault.
_WHEN = 1


class SequenceInjector:
    """Injects faults into one target of a model that runs step by step.

    Outputs of a step feed inputs of the next one: the state of a recurrent network, or the cache
    of a decoder. The golden state at each step is the boundary of the split: a fault at step t
    starts there. Once outputs and state are bit-equal to golden again, the rest is golden, and does
    not run.

    Example:
        >>> with SequenceInjector(model, "gates", state={"h_out": "h_in"}) as injector:
        ...     golden = injector.golden([{"x": frame} for frame in frames])
        ...     for injection in injector.inject(golden, "bitflip", count=100):
        ...         print(injection.step, injection.outcome, injection.first_wrong_step)
    """

    def __init__(
        self,
        model: Model,
        target: Target | str,
        *,
        state: Mapping[str, str],
        feedback: Mapping[str, str] | None = None,
        provider: Literal["auto", "cpu", "cuda"] = "auto",
        threads: int | None = None,
        memory: int = 1 << 30,
    ) -> None:
        """Split the model at the target.

        Args:
            model: the model of one step.
            target: the target, or its tensor, layer or node name.
            state: the input that each output of the step before feeds; see `StateMap.of`.
            feedback: the input that takes the argmax of the last position of an output of the step
                before, by the name of the output: greedy decoding. Inputs that a step is given come
                first, such as those of a prompt.
            provider: ``cpu``, ``cuda``, or ``auto`` for CUDA where it runs.
            threads: intra-op threads of each session; None leaves the number to ONNX Runtime.
            memory: bytes of golden tensors that are kept, and again of states; others are computed
                again.

        Raises:
            OnnxfiError: the model has no such target, state or feedback, or cannot run.
        """
        states = StateMap.of(model, state)
        fed_back = StateMap.of(model, feedback or {}).inputs
        self._model = model
        self._injector = Injector(model, target, provider=provider, threads=threads)
        self._steps = StepRunner(model, self._injector, states, fed_back, memory=memory)
        self._memory = memory
        self._numbers = itertools.count()

    def __enter__(self) -> Self:
        """Return the injector."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the sessions."""
        self.close()

    def close(self) -> None:
        """Free the sessions and their memory; the injector cannot be used afterwards."""
        self._injector.close()

    @property
    def target(self) -> Target:
        """The target."""
        return self._injector.target

    def golden(
        self, inputs: Sequence[Arrays], *, initial: Mapping[str, np.ndarray] | None = None
    ) -> GoldenSequence:
        """Run a sequence without a fault.

        Args:
            inputs: the inputs of each step, without the state; at least one step.
            initial: the state before the first step, by input; zeros where it is not given.

        Raises:
            InputError: the inputs do not fit the model.
        """
        if not inputs:
            raise InputError("A sequence must have at least one step, got none.")
        beginning = self._steps.state.beginning(self._model, inputs[0], initial or {})
        number = next(self._numbers)
        kept = GoldenSteps(self._steps, inputs, number, memory=self._memory)
        kept.begin({**inputs[0], **beginning})
        feeds, outputs = (x(kept, len(inputs)) for x in (FeedsOfSteps, OutputsOfSteps))
        answers = tuple(self._steps.answer(x) for x in outputs)
        return GoldenSequence(tuple(inputs), feeds, outputs, answers, number)

    def inject(
        self,
        golden: GoldenSequence,
        error_model: ErrorModelSpec,
        *,
        step: int | range | None = None,
        lifetime: Lifetime | None = None,
        count: int = 1,
        seed: int = 0,
        first_id: int = 0,
        metric: Metric | None = None,
        early_exit: bool = True,
    ) -> Iterator[SequenceInjection]:
        """Inject faults, one after the other.

        Args:
            golden: the golden sequence to start from and to compare with.
            error_model: draws the corruption from the target's tensor in the first step of the
                fault. While it lasts, a weight keeps that corruption, and another tensor is
                corrupted with the same draws: at the same sites if the error model draws these
                before it looks at the values.
            step: the first step of each fault; a range, or None for all steps, of which one is
                drawn for each fault.
            lifetime: how long a fault lasts; by default one step.
            count: number of injections.
            seed: seed of the campaign.
            first_id: id of the first injection.
            metric: decides between sdc and benign in each step, from the outputs that hold no
                state; by default what fits them.
            early_exit: whether to stop once nothing is left of a fault; it changes no outcome.

        Yields:
            The injections `first_id`, `first_id` + 1, …

        Raises:
            OnnxfiError: the error model does not fit the target, a step does not exist, or a metric
                of yours fails.
        """
        steps = _steps(step, len(golden))
        lasting = lifetime or Lifetime()
        answer = golden.answers[0]
        chosen = checked(default_metric(answer) if metric is None else metric)
        model = assign_error_models(error_model, [self.target])[self.target.tensor]
        for number in range(first_id, first_id + count):
            when = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(number, _WHEN)))
            first = steps[int(when.integers(len(steps)))]
            active = lasting.active(first, len(golden), rng=when)
            run = FaultySequence(self._steps, golden, active, model, seed, number)
            yield run.run(first, chosen, early_exit=early_exit)


def _steps(said: int | range | None, count: int) -> range:
    """Return the steps at which faults may begin.

    Raises:
        InputError: there is no such step.
    """
    found = (
        range(count) if said is None else range(said, said + 1) if isinstance(said, int) else said
    )
    if not len(found) or min(found) < 0 or max(found) >= count:
        raise InputError(
            f"A fault must begin at one of the steps 0 to {count - 1} of the sequence, got {said}."
        )
    return found
