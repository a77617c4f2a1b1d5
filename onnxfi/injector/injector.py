"""Runs golden and faulty executions of one target, or of several at once."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from types import TracebackType
from typing import Any, Literal, Self

import numpy as np

from onnxfi.error_models import Corruption, ErrorModel
from onnxfi.errors import InputError
from onnxfi.graph import Model, Target
from onnxfi.injector.golden import Golden
from onnxfi.injector.injection import Injection
from onnxfi.injector.inputs import check_inputs, format_shape
from onnxfi.injector.metric import Classification, Metric
from onnxfi.injector.outcome import decide_outcome
from onnxfi.injector.randomness import injection_rng
from onnxfi.injector.split_sessions import Corrupt, SplitSessions
from onnxfi.runtime import Provider, choose_provider
from onnxfi.surgery import resolve_targets, split

_DRAWN_AT_ONCE = 16
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
        target: Target | str | Sequence[Target | str],
        *,
        provider: Provider = "auto",
        lanes: int | Literal["auto"] = "auto",
        threads: int | None = None,
    ) -> None:
        """Split the model at the target and open the sessions.

        Args:
            model: the model; it is left as it is.
            target: the target, or its tensor, layer or node name; or a sequence of these, which
                every injection then hits together.
            provider: ``cpu``, ``cuda``, or ``auto`` for CUDA where it runs.
            lanes: the most injections to run through the suffix at once. This version runs one at
                a time, whatever is allowed.
            threads: intra-op threads of each session; None leaves the number to ONNX Runtime.

        Raises:
            TargetNotFoundError: the model has no such target.
            ProviderError: the provider cannot run here.
            ModelFormatError: ONNX Runtime cannot run the model.
            InputError: `lanes` is no positive number, or a target is given twice.
        """
        if lanes != "auto" and lanes < 1:
            raise InputError(f"lanes must be 'auto' or at least 1, got {lanes!r}.")
        self.model = model
        self.targets = resolve_targets(model, target)
        self.split = split(model, self.targets)
        self.provider = choose_provider(provider)
        self._sessions = SplitSessions(self.split, provider=self.provider, threads=threads)
        self._output_names = tuple(dict.fromkeys(x.name or "" for x in model.graph.outputs))
        if not self.split.faulty_outputs:
            _logger.warning(
                "No output depends on %s: every injection there is masked.",
                " or ".join(x.tensor for x in self.targets),
            )

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

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the sessions."""
        self.close()

    def close(self) -> None:
        """Let go of the sessions and their memory; the injector cannot be used afterwards."""
        del self._sessions

    def golden(self, inputs: Mapping[str, np.ndarray]) -> Golden:
        """Run the model without a fault.

        The golden outputs come from the same suffix sessions as the faulty ones, since a whole
        model may differ from its parts in the last bits.

        Args:
            inputs: one array per graph input, by name.

        Raises:
            InputError: the inputs do not fit the model.
        """
        values = self._sessions.run_prefix(check_inputs(self.model, inputs))
        boundary = {name: values[name] for name in self.split.boundary}
        targets = {x.tensor: values[x.tensor] for x in self.split.stages[0].targets}

        def keep(target: Target, value: np.ndarray) -> np.ndarray:
            targets[target.tensor] = value
            return value

        values |= self._sessions.run_suffix({**boundary, **targets}, keep)
        return Golden(targets, {name: values[name] for name in self._output_names}, boundary)

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
        given = {name: np.asarray(array) for name, array in corrupted.items()}
        for name, array in given.items():
            _check_corrupted(golden, name, array)

        def take(target: Target, value: np.ndarray) -> np.ndarray:
            return given.get(target.tensor, value)

        first = {x.tensor: take(x, golden.targets[x.tensor]) for x in self.split.stages[0].targets}
        return self._outputs(golden, first, take)

    def inject(
        self,
        golden: Golden,
        error_model: ErrorModel | Sequence[ErrorModel],
        *,
        count: int = 1,
        seed: int = 0,
        first_id: int = 0,
        metric: Metric | None = None,
    ) -> Iterator[Injection]:
        """Inject faults, one after the other.

        Injection i draws from ``injection_rng(seed, i)``, so it is the same however many there are.
        With several targets it draws for one after the other, in the order of `Split.targets`; for
        a target downstream of another it draws from the value that the first fault has changed.

        Args:
            golden: the golden run to start from and to compare with.
            error_model: draws the corruptions; or one error model for each of `targets`.
            count: number of injections.
            seed: seed of the campaign.
            first_id: id of the first injection.
            metric: decides between sdc and benign; by default `Classification`.

        Yields:
            The injections `first_id`, `first_id` + 1, …

        Raises:
            ErrorModelError: an error model does not fit its target.
            InputError: the number of error models is not that of the targets.
        """
        metric = Classification() if metric is None else metric
        error_models = self._by_target(error_model)

        def draw(target: Target, value: np.ndarray, *, rng: np.random.Generator) -> Corruption:
            return error_models[target.tensor].sample(
                value, channel_axis=target.channel_axis, rng=rng
            )

        first = self.split.stages[0].targets
        # Private copies, patched and restored for each injection: its cost is the corruption's
        # size, not the tensor's.
        lanes = {x.tensor: golden.targets[x.tensor].copy(order="C") for x in first}
        end = first_id + count
        for start in range(first_id, end, _DRAWN_AT_ONCE):
            # Drawn some at a time: after each run of the suffix the processor's caches are cold,
            # and drawing one alone would take four times as long.
            ids = range(start, min(start + _DRAWN_AT_ONCE, end))
            rngs = [injection_rng(seed, injection_id) for injection_id in ids]
            drawn = [[draw(x, golden.targets[x.tensor], rng=rng) for x in first] for rng in rngs]
            for injection_id, rng, corruptions in zip(ids, rngs, drawn, strict=True):
                yield self._injection(
                    golden, lanes, injection_id, corruptions, partial(draw, rng=rng), metric
                )

    def _injection(
        self,
        golden: Golden,
        lanes: Mapping[str, np.ndarray],
        injection_id: int,
        corruptions: list[Corruption],
        draw: Callable[[Target, np.ndarray], Corruption],
        metric: Metric,
    ) -> Injection:
        """Patch the lanes with the corruptions of the first stage, run, and restore the lanes."""
        patches = [
            (lane.reshape(-1), corruption)
            for lane, corruption in zip(lanes.values(), corruptions, strict=True)
        ]
        replaced = [flat[corruption.indices] for flat, corruption in patches]
        restored = tuple(replaced)

        def corrupt(target: Target, value: np.ndarray) -> np.ndarray:
            corruption = draw(target, value)
            corruptions.append(corruption)
            replaced.append(value.reshape(-1)[corruption.indices])
            return corruption.apply(value)

        for flat, corruption in patches:
            flat[corruption.indices] = corruption.values
        try:
            outputs = self._outputs(golden, lanes, corrupt)
        except InputError:
            # The fault made ONNX Runtime give up (an index out of range, say); but what fails
            # without a fault as well is no outcome.
            self._outputs(golden, golden.targets, lambda _, value: value)
            outputs = {}
        outputs = {name: _detached(output, lanes) for name, output in outputs.items()}
        for (flat, corruption), values in zip(patches, restored, strict=True):
            flat[corruption.indices] = values
        return Injection(
            id=injection_id,
            targets=tuple(x.tensor for x in self.split.targets[: len(corruptions)]),
            corruptions=tuple(corruptions),
            replaced=tuple(replaced),
            outputs=outputs,
            outcome=decide_outcome(golden.outputs, outputs, metric),
        )

    def _by_target(self, error_model: ErrorModel | Sequence[ErrorModel]) -> dict[str, ErrorModel]:
        if not isinstance(error_model, Sequence):
            return dict.fromkeys((x.tensor for x in self.targets), error_model)
        if len(error_model) != len(self.targets):
            raise InputError(
                f"There must be one error model, or one for each of the {len(self.targets)} "
                f"targets, got {len(error_model)}."
            )
        return {x.tensor: model for x, model in zip(self.targets, error_model, strict=True)}

    def _outputs(
        self, golden: Golden, first: Mapping[str, np.ndarray], corrupt: Corrupt
    ) -> dict[str, np.ndarray]:
        """Return the model's outputs, from the values of the first stage's targets on."""
        faulty = self._sessions.run_suffix({**golden.boundary, **first}, corrupt)
        return {**golden.outputs, **faulty}


def _detached(output: Any, lanes: Mapping[str, np.ndarray]) -> Any:
    """Return an output, copied where it is a target itself and would change with the lane."""
    if isinstance(output, np.ndarray) and any(
        np.may_share_memory(output, lane) for lane in lanes.values()
    ):
        return output.copy()
    return output


def _check_corrupted(golden: Golden, name: str, corrupted: np.ndarray) -> None:
    expected = golden.targets.get(name)
    if expected is None:
        raise InputError(
            f"A corrupted tensor must be of a target ({', '.join(map(repr, golden.targets))}), "
            f"got {name!r}."
        )
    if corrupted.shape != expected.shape or corrupted.dtype != expected.dtype:
        raise InputError(
            f"The corrupted tensor must be {expected.dtype} of shape "
            f"{format_shape(expected.shape)} like the golden tensor, got {corrupted.dtype} of "
            f"shape {format_shape(corrupted.shape)}."
        )
