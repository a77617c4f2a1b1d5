"""Draws the corruptions of injections."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from functools import partial

import numpy as np

from onnxfi.error_models import (
    BatchSampler,
    Corruption,
    Corruptions,
    ErrorModel,
    OperationReader,
)
from onnxfi.errors import ErrorModelError
from onnxfi.graph import Target
from onnxfi.injector.golden import Golden
from onnxfi.injector.operations import TargetOperation
from onnxfi.injector.preparation import prepare_for
from onnxfi.injector.randomness import InjectionGenerators
from onnxfi.injector.user_code.calls import calling, naming_calls
from onnxfi.injector.user_code.checking import (
    DRAWN_TWICE,
    is_own,
    name_of,
    sample_many_own,
    sample_own,
    sample_repeated,
)
from onnxfi.suffix import Tensors

#: Draws the corruption of a target from its value and the tensors that are known by then.
Draw = Callable[[Target, np.ndarray, Tensors], Corruption]


class Drawer:
    """Draws the corruptions of faults by their numbers; for one thread.

    Fault k draws from ``injection_rng(seed, k)``, for one target after the other.
    """

    def __init__(
        self,
        error_models: Mapping[str, ErrorModel],
        generators: InjectionGenerators,
        operations: Mapping[str, TargetOperation] | None = None,
    ) -> None:
        """Keep the error models and the generators.

        Args:
            error_models: the error model of each target, by the name of its tensor.
            generators: the generators of the campaign.
            operations: the operations that error models still have to read, by the names of targets
                that lie downstream of others.
        """
        self._models = error_models
        self._generators = generators
        self._operations = operations or {}
        # Checks of a Protocol are slow, and faults are many.
        self._readers = {
            name: x for name, x in error_models.items() if isinstance(x, OperationReader)
        }
        self._repeated: Counter[str] = Counter()  # draws that were repeated, by target

    def draw_many(
        self, faults: range, targets: Mapping[Target, np.ndarray]
    ) -> dict[str, Corruptions]:
        """Draw the corruptions of many faults, at least one.

        Args:
            faults: numbers of the faults.
            targets: the value of each target, in the order in which they are corrupted.

        Returns:
            For each target, by name, the corruption of each fault.

        Raises:
            ErrorModelError: an error model does not fit its target.
        """
        if len(targets) == 1:
            ((target, value),) = targets.items()
            model = self._models[target.tensor]
            if isinstance(model, BatchSampler) and value.size:
                own = is_own(model)
                sample_many = partial(sample_many_own, model) if own else model.sample_many
                with _noting(model, faults) if own else nullcontext():
                    corruptions = sample_many(
                        value,
                        channel_axis=target.channel_axis,
                        generators=self._generators,
                        ids=faults,
                    )
                return {target.tensor: corruptions}
        drawn: dict[str, list[Corruption]] = {x.tensor: [] for x in targets}
        for fault in faults:
            draw = self.of_fault(fault)
            for target, value in targets.items():
                drawn[target.tensor].append(draw(target, value, {}))
        return {name: Corruptions.of(x) for name, x in drawn.items()}

    def of_fault(self, fault: int) -> Draw:
        """Return what draws the corruptions of one fault; invalid after the next call.

        It takes one target after the other, with its value and the known tensors, and raises an
        ErrorModelError if the error model does not fit.
        """
        return partial(self._draw, self._generators.at(fault), fault)

    def _draw(
        self,
        rng: np.random.Generator,
        fault: int,
        target: Target,
        value: np.ndarray,
        known: Tensors,
    ) -> Corruption:
        if not value.size:  # there is nothing for a fault to hit
            return Corruption(np.empty(0, np.int64), np.empty(0, value.dtype))
        model = self._models[target.tensor]
        reader = self._readers.get(target.tensor)
        if reader is not None:
            if reader.alike_in_all_targets:
                rng = self._generators.at(fault)
            if target.tensor in self._operations:
                operation = self._operations[target.tensor].operation(known, value.shape)
                model = reader.with_operation(operation)
        if not is_own(model):
            return model.sample(value, channel_axis=target.channel_axis, rng=rng)
        repeat = self._repeated[target.tensor] < DRAWN_TWICE
        self._repeated[target.tensor] += repeat
        sample = sample_repeated if repeat else sample_own
        with _noting(model, range(fault, fault + 1)):
            return sample(model, value, channel_axis=target.channel_axis, rng=rng)


@contextmanager
def _noting(model: ErrorModel, faults: range) -> Iterator[None]:
    """Note which faults a user's error model draws, for `naming_faults`."""
    try:
        with calling(f"the error model {name_of(model)}", faults):
            yield
    except ErrorModelError as error:
        error.faults = faults
        raise


@contextmanager
def naming_faults(ids: range, faults: range) -> Iterator[None]:
    """Add the ids of the injections to an `ErrorModelError` of the user's error model.

    Args:
        ids: ids of the injections.
        faults: the number of the fault of each.

    Raises:
        ErrorModelError: one was raised within.
    """

    def name(drawn: object) -> str | None:
        if not isinstance(drawn, range):
            return None
        first = ids[drawn.start - faults.start]
        last = first + len(drawn) - 1
        return f"Injection {first}" if first == last else f"Injections {first} to {last}"

    try:
        with naming_calls(name):
            yield
    except ErrorModelError as error:
        if error.faults is None:
            raise
        raise ErrorModelError(f"{name(error.faults)}: {error}") from error.__cause__


class Drawers:
    """Prepares error models for golden runs, one after the other; for one thread."""

    def __init__(
        self,
        error_models: Mapping[str, ErrorModel],
        generators: InjectionGenerators,
        first: Sequence[Target],
        operations: Mapping[str, TargetOperation] | None = None,
    ) -> None:
        """Begin without a golden run.

        Args:
            error_models: the error model of each target, by the name of its tensor.
            generators: the generators of the campaign.
            first: the targets whose corruptions are all drawn from golden tensors.
            operations: the operations that error models read, by the names of their targets.
        """
        self._models = error_models
        self._generators = generators
        self._first = first
        self._operations = operations or {}
        self._last: tuple[Golden, Drawer] | None = None

    def of(self, golden: Golden) -> Drawer:
        """Return the drawer of a golden run; the last one is kept.

        Raises:
            ErrorModelError: an error model cannot corrupt its golden tensor.
        """
        if self._last is None or self._last[0] is not golden:
            tensors = {x: golden.targets[x.tensor] for x in self._first}
            models = prepare_for({**self._models, **self._reading(golden)}, tensors)
            first = {x.tensor for x in self._first}
            later = {name: x for name, x in self._operations.items() if name not in first}
            drawer = Drawer(models, self._generators, later)
            self._last = golden, drawer
        return self._last[1]

    def _reading(self, golden: Golden) -> dict[str, ErrorModel]:
        """Return the error models that read an operation, with that of a golden run."""
        reading: dict[str, ErrorModel] = {}
        for name in (x.tensor for x in self._first if x.tensor in self._operations):
            found = self._operations[name]
            model = self._models[name]
            assert isinstance(model, OperationReader)
            operation = found.operation(golden.values, golden.targets[name].shape)
            reading[name] = model.with_operation(operation)
        return reading
