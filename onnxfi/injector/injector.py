"""Runs golden and faulty executions of one target."""

from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Literal, Self

import numpy as np

from onnxfi.error_models import ErrorModel
from onnxfi.errors import InputError
from onnxfi.graph import Model, Target
from onnxfi.injector.golden import Golden
from onnxfi.injector.injection import Injection
from onnxfi.injector.inputs import check_inputs, format_shape
from onnxfi.injector.metric import Classification, Metric
from onnxfi.injector.outcome import decide_outcome
from onnxfi.injector.randomness import injection_rng
from onnxfi.runtime import Provider, Session, choose_provider
from onnxfi.surgery import split

_DRAWN_AT_ONCE = 16


class Injector:
    """Injects faults into one target of a model.

    The prefix runs once per golden run; each injection runs the suffix only. Safe to use from
    several threads at once.
    """

    def __init__(
        self,
        model: Model,
        target: Target | str,
        *,
        provider: Provider = "auto",
        lanes: int | Literal["auto"] = "auto",
        threads: int | None = None,
    ) -> None:
        """Split the model at the target and open the sessions.

        Args:
            model: the model; it is left as it is.
            target: the target, or its tensor, layer or node name.
            provider: ``cpu``, ``cuda``, or ``auto`` for CUDA where it runs.
            lanes: the most injections to run through the suffix at once. This version runs one at
                a time, whatever is allowed.
            threads: intra-op threads of each session; None leaves the number to ONNX Runtime.

        Raises:
            TargetNotFoundError: the model has no such target.
            ProviderError: the provider cannot run here.
            ModelFormatError: ONNX Runtime cannot run the model.
            InputError: `lanes` is no positive number.
        """
        if lanes != "auto" and lanes < 1:
            raise InputError(f"lanes must be 'auto' or at least 1, got {lanes!r}.")
        self.model = model
        self.split = split(model, target)
        self.provider = choose_provider(provider)
        self._prefix = Session(self.split.prefix, provider=self.provider, threads=threads)
        # A target that reaches no output has nothing to run after it.
        self._suffix = (
            Session(self.split.suffix, provider=self.provider, threads=threads)
            if self.split.faulty_outputs
            else None
        )
        self._output_names = tuple(dict.fromkeys(x.name or "" for x in model.graph.outputs))

    @property
    def target(self) -> Target:
        """The tensor that faults hit."""
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
        del self._prefix, self._suffix

    def golden(self, inputs: Mapping[str, np.ndarray]) -> Golden:
        """Run the model without a fault.

        The golden outputs come from the same suffix session as the faulty ones, since a whole
        model may differ from its two halves in the last bits.

        Args:
            inputs: one array per graph input, by name.

        Raises:
            InputError: the inputs do not fit the model.
        """
        values = self._prefix.run(check_inputs(self.model, inputs))
        target = values[self.target.tensor]
        boundary = {name: values[name] for name in self.split.boundary}
        faulty = self._run_suffix(target, boundary)
        outputs = {
            name: faulty[name] if name in faulty else values[name] for name in self._output_names
        }
        return Golden(target, outputs, boundary)

    def resume(self, golden: Golden, corrupted: np.ndarray) -> dict[str, np.ndarray]:
        """Run the suffix from a corrupted tensor of your own and return the model's outputs.

        Args:
            golden: the golden run that the boundary comes from.
            corrupted: what takes the golden tensor's place; same shape and dtype.

        Raises:
            InputError: the tensor has another shape or dtype than the golden tensor.
        """
        corrupted = np.asarray(corrupted)
        expected = golden.target
        if corrupted.shape != expected.shape or corrupted.dtype != expected.dtype:
            raise InputError(
                f"The corrupted tensor must be {expected.dtype} of shape "
                f"{format_shape(expected.shape)} like the golden tensor, got {corrupted.dtype} of "
                f"shape {format_shape(corrupted.shape)}."
            )
        return self._outputs(golden, corrupted)

    def inject(
        self,
        golden: Golden,
        error_model: ErrorModel,
        *,
        count: int = 1,
        seed: int = 0,
        first_id: int = 0,
        metric: Metric | None = None,
    ) -> Iterator[Injection]:
        """Inject faults, one after the other.

        Injection i draws from ``injection_rng(seed, i)``, so it is the same however many there are.

        Args:
            golden: the golden run to start from and to compare with.
            error_model: draws the corruptions.
            count: number of injections.
            seed: seed of the campaign.
            first_id: id of the first injection.
            metric: decides between sdc and benign; by default `Classification`.

        Yields:
            The injections `first_id`, `first_id` + 1, …

        Raises:
            ErrorModelError: the error model does not fit the target.
        """
        metric = Classification() if metric is None else metric
        channel_axis = self.target.channel_axis
        # One private copy, patched and restored for each injection: its cost is the corruption's
        # size, not the tensor's.
        lane = golden.target.copy(order="C")
        flat = lane.reshape(-1)
        end = first_id + count
        for start in range(first_id, end, _DRAWN_AT_ONCE):
            # Drawn some at a time: after each run of the suffix the processor's caches are cold,
            # and drawing one alone would take four times as long.
            ids = range(start, min(start + _DRAWN_AT_ONCE, end))
            corruptions = [
                error_model.sample(
                    golden.target, channel_axis=channel_axis, rng=injection_rng(seed, injection_id)
                )
                for injection_id in ids
            ]
            for injection_id, corruption in zip(ids, corruptions, strict=True):
                flat[corruption.indices] = corruption.values
                outputs = self._outputs(golden, lane)
                for name, output in outputs.items():
                    # An output that is the target itself must not change with the lane.
                    if np.may_share_memory(output, lane):
                        outputs[name] = output.copy()
                flat[corruption.indices] = golden.target.reshape(-1)[corruption.indices]
                outcome = decide_outcome(golden.outputs, outputs, metric)
                yield Injection(injection_id, self.target.tensor, corruption, outputs, outcome)

    def _outputs(self, golden: Golden, corrupted: np.ndarray) -> dict[str, np.ndarray]:
        return {**golden.outputs, **self._run_suffix(corrupted, golden.boundary)}

    def _run_suffix(
        self, target: np.ndarray, boundary: Mapping[str, np.ndarray]
    ) -> dict[str, np.ndarray]:
        if self._suffix is None:
            return {}
        return self._suffix.run({self.target.tensor: target, **boundary})
