"""Runs golden and faulty executions of one target, or of several at once."""

import logging
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal, Self

import numpy as np

from onnxfi.display import list_names
from onnxfi.errors import InputError
from onnxfi.graph import Model, Target, Targets, resolve_targets, sizes_depend_on
from onnxfi.injector.drawing import Drawers
from onnxfi.injector.golden import Golden
from onnxfi.injector.injection import Injection
from onnxfi.injector.injection_batch import BlockSizes, InjectionBatch
from onnxfi.injector.injections import Injections
from onnxfi.injector.metrics import Metric, checked, default_metric
from onnxfi.injector.operations import find_operations, operands_of
from onnxfi.injector.preparation import ErrorModelSpec, assign_error_models
from onnxfi.injector.randomness import InjectionGenerators
from onnxfi.injector.sessions import Sessions
from onnxfi.runtime import AUTO, Limits, Provider, aligned, choose_provider
from onnxfi.suffix import DEFAULT_POLICY, Experience, Policy, RunSettings, Tensors
from onnxfi.surgery import split_at

_logger = logging.getLogger("onnxfi")


class Injector:
    """Injects faults into a target of a model, or into several targets at once.

    The prefix runs once per golden run; each injection runs the suffix only. Safe to use from
    several threads at once.

    Attributes:
        model: the model.
        targets: the tensors that faults hit, in the order given.
        split: the model split at them.
        provider: where the tensors are computed, ``cpu`` or ``cuda``.
    """

    def __init__(
        self,
        model: Model,
        targets: Targets,
        *,
        provider: Provider = "auto",
        lanes: int | Literal["auto"] = "auto",
        threads: int | None = None,
        propagation: bool = True,
        expected: int | None = None,
        limits: Limits | None = AUTO,
        policy: Policy = DEFAULT_POLICY,
        operands: bool = False,
    ) -> None:
        """Split the model at the target and open the sessions.

        Args:
            model: the model; it is left as it is.
            targets: a target, or its tensor, layer or node name; or several of these, which every
                injection hits together.
            provider: ``cpu``, ``cuda``, or ``auto`` for CUDA where it runs.
            lanes: the most injections to run through the suffix at once; ``auto`` measures how many
                pay. Several run only where that changes no bit of the outputs.
            threads: intra-op threads of each session; None leaves the number to ONNX Runtime.
            propagation: whether to push corruptions as sparse patches through the operators that
                allow it. It changes no outcome.
            expected: the number of injections to come, if it is known. For few of them no phase is
                tried that would make many faster.
            limits: the time and the memory that a faulty execution may take before it ends as due;
                None sets no limit. They matter where a fault at the target may decide how often
                a node runs or how large a tensor is: there executions run in a child process.
            policy: the thresholds of the phases; they change no outcome.
            operands: whether golden runs keep the operands of the operators that compute the
                targets. Error models such as ``register`` read them.

        Raises:
            TargetNotFoundError: the model has no such target.
            ProviderError: the provider cannot run here.
            ModelFormatError: ONNX Runtime cannot run the model.
            InputError: `lanes` is no positive number, or a target is given twice.
        """
        if lanes != "auto" and lanes < 1:
            raise InputError(f"lanes must be 'auto' or at least 1, got {lanes!r}.")
        self.model = model
        self.targets = resolve_targets(model, targets)
        kept = operands_of(model, self.targets) if operands else ()
        self.split = split_at(model, self.targets, kept=kept)
        self.provider = choose_provider(provider)
        hit = [x.tensor for x in self.targets]
        few = expected is not None and expected < policy.fewest_injections
        self._settings = RunSettings(
            provider=self.provider,
            threads=threads,
            lanes=1 if few and lanes == "auto" else lanes,
            propagation=propagation,
            shortcuts=propagation and not few,
            limits=limits if limits is not None and sizes_depend_on(model, hit) else None,
            policy=policy,
            experience=Experience.with_model(model, provider=self.provider, threads=threads),
        )
        self._sessions: Sessions | None = Sessions.opened(model, self.split, self._settings)
        self._default: Metric | None = None
        if not self.split.faulty_outputs:
            _logger.warning(
                "No output depends on %s: every injection there is masked.",
                " or ".join(x.tensor for x in self.targets),
            )

    def __repr__(self) -> str:
        """Return one line: the targets and the provider."""
        state = "closed" if self._sessions is None else f"on {self.provider}"
        return f"<onnxfi.Injector at {list_names(x.tensor for x in self.targets)}, {state}>"

    @property
    def target(self) -> Target:
        """The only target.

        Raises:
            InputError: there are several.
        """
        return self.split.target

    def __enter__(self) -> Self:
        """Return the injector."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the sessions."""
        self.close()

    def close(self) -> None:
        """Free the sessions and their memory; the injector cannot be used afterwards."""
        self._sessions = None

    @property
    def _open(self) -> Sessions:
        if self._sessions is None:
            names = " and ".join(x.tensor for x in self.targets)
            raise InputError(
                f"The injector at {names} is closed. Open a new Injector, or use this one inside "
                "its `with` block."
            )
        return self._sessions

    def golden(self, inputs: Mapping[str, np.ndarray], *, seed: int = 0) -> Golden:
        """Run the model without a fault.

        The golden outputs come from the same suffix sessions as the faulty ones, since a whole
        model may differ from its parts in the last bits. Where the model draws random numbers, each
        injection replays those of its golden run.

        Args:
            inputs: one array per graph input, by name.
            seed: seed of the random numbers that the model draws: the same seed and inputs give
                the same golden run.

        Raises:
            InputError: the inputs do not fit the model, or it draws random numbers that cannot be
                replayed: the first golden run is made twice and compared.
        """
        return self._open.goldens.run(inputs, seed=seed)

    def golden_from(self, before: Mapping[str, np.ndarray]) -> Golden:
        """Run what follows the targets without a fault.

        Args:
            before: the targets, the boundary and the golden outputs by name, maybe among others:
                what a `GoldenPass` with `split` returns of an input. The model's outputs among
                them are the answer, and the operands are kept if they are wanted.
        """
        return self._open.goldens.run_suffix(before)

    def resume(
        self, golden: Golden, corrupted: np.ndarray | Mapping[str, np.ndarray]
    ) -> dict[str, np.ndarray]:
        """Run the suffix from corrupted tensors of your own and return the model's outputs.

        Args:
            golden: the golden run that the boundary comes from.
            corrupted: what takes the place of the only target's tensor; or, by name, of the tensors
                of some targets: the others are then not corrupted. Same shapes and dtypes as the
                golden tensors.

        Raises:
            InputError: a tensor is of no target, or has another shape or dtype than the golden one.
        """
        if not isinstance(corrupted, Mapping):
            corrupted = {self.target.tensor: corrupted}
        # A child process keeps what it was sent, and an array of yours may change.
        take_in = np.asarray if self._settings.limits is None else np.array
        given = {name: aligned(take_in(array)) for name, array in corrupted.items()}
        for name, array in given.items():
            golden.check_corrupted(name, array)

        def take(target: Target, value: np.ndarray, known: Tensors) -> np.ndarray:
            return given.get(target.tensor, value)

        first = {
            x.tensor: take(x, golden.targets[x.tensor], golden.values)
            for x in self.split.stages[0].targets
        }
        return self._open.blocks.outputs(golden, first, take)

    def inject(
        self,
        golden: Golden,
        error_model: ErrorModelSpec | Sequence[ErrorModelSpec],
        *,
        count: int = 1,
        seed: int = 0,
        first_id: int = 0,
        first_fault: int | None = None,
        metric: Metric | None = None,
    ) -> Iterator[Injection]:
        """Inject faults, one after the other.

        Fault k draws from ``injection_rng(seed, k)``, so it is the same however many there are; and
        it can meet several inputs, at the same injection sites where the error model draws these
        before it looks at the values.
        With several targets it draws for one after the other, in the order of `Split.targets`; for
        a target downstream of another it draws from the value that the first fault has changed.

        Example::

            >>> golden = injector.golden({"image": image})
            >>> for injection in injector.inject(golden, "bitflip:bit=30", count=1000):
            ...     print(injection.id, injection.outcome)

        Args:
            golden: the golden run to start from and to compare with.
            error_model: draws the corruptions: an error model or its text, such as
                ``bitflip:bit=30``; or a list of these, one for each of `targets`.
            count: number of injections.
            seed: seed of the campaign.
            first_id: id of the first injection.
            first_fault: number of the first injection's fault; by default its id.
            metric: decides between sdc and benign; by default `Classification`, or the metric that
                fits the outputs, which a warning then names.

        Yields:
            The injections `first_id`, `first_id` + 1, …

        Raises:
            ErrorModelError: an error model is unknown, or does not fit its target.
            InputError: the number of error models is not that of the targets.
            MetricError: a metric of yours fails, or returns something else than it must.
        """
        fault = first_id if first_fault is None else first_fault
        batch = InjectionBatch(golden, first_id, range(fault, fault + count))
        for block in self.inject_all([batch], error_model, seed=seed, metric=metric):
            yield from block

    def inject_all(
        self,
        batches: Iterable[InjectionBatch],
        error_model: ErrorModelSpec | Sequence[ErrorModelSpec],
        *,
        seed: int = 0,
        metric: Metric | None = None,
    ) -> Iterator[Injections]:
        """Inject faults as `inject` does, into several golden runs, and many at once.

        Injections of different golden runs share lanes.

        Args:
            batches: the golden runs and the faults that meet them; taken as they are needed.
            error_model: as in `inject`.
            seed: seed of the campaign.
            metric: as in `inject`.

        Yields:
            The injections of each batch, or those of one part of it after the other.

        Raises:
            OnnxfiError: where `inject` raises one.
        """
        error_models = assign_error_models(error_model, self.targets)
        chosen = None if metric is None else checked(metric)
        first = self.split.stages[0].targets
        operations = find_operations(self.model, error_models, self.targets)
        drawers = Drawers(error_models, InjectionGenerators(seed), first, operations)
        # Outputs may be as large as the limit.
        most = None if self._settings.limits is None else 1
        sizes = BlockSizes(self._settings.policy, most=most)
        for block in sizes.blocks(batches):
            if chosen is None:  # the first choice warns, and is kept
                self._default = self._default or default_metric(block[0].golden.outputs)
                chosen = self._default
            start = time.perf_counter()
            found = self._open.blocks.run(block, drawers, chosen)
            sizes.adapt(time.perf_counter() - start, block[0].golden)
            yield from found

    def corrupted(self, golden: Golden, injection: Injection) -> dict[str, np.ndarray]:
        """Return the corrupted tensors of an injection, by the names of the targets.

        Downstream of another target it is the tensor that the fault there led to, corrupted.

        Args:
            golden: the golden run of the injection.
            injection: the injection; where its execution failed, the later targets are left out.

        Raises:
            InputError: the execution fails as it did then.
        """
        return self._open.blocks.corrupted(golden, injection)
