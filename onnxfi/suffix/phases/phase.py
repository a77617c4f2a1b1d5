"""Defines what a phase is, and the entries at which lanes wait for phases."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from typing import ClassVar, Literal

import numpy as np

from onnxfi.suffix.batch import Advanced, Batch
from onnxfi.suffix.golden_tensors import GoldenTensors, Tensors

Provider = Literal["cpu", "cuda"]


class Phase(ABC):
    """One way to advance lanes exactly; safe to use from several threads at once.

    A phase and then dense runs give the bits of dense runs alone: `PhaseContract` in the tests.

    Attributes:
        exact_on: the providers on which that holds.
        computes_whole_tensors: whether it takes lanes that another phase refused.
        behind: the entry at which it leaves lanes; None where it finishes all.
    """

    exact_on: ClassVar[frozenset[Provider]] = frozenset(("cpu", "cuda"))
    computes_whole_tensors: ClassVar[bool] = False
    behind: "Entry | None" = None

    @property
    def lanes_to_watch(self) -> int:
        """Lanes that must run behind it before it decides whether to be used; 0 once decided."""
        return 0

    def wanted(self, batch: Batch) -> np.ndarray:
        """Return which lanes of a batch it takes, bool, shape ``(lanes,)``; by default all."""
        return np.ones(len(batch), bool)

    def parts(self, batch: Batch) -> Iterator[Batch]:
        """Yield a batch in the parts that run one after the other; by default as it is."""
        yield batch

    @abstractmethod
    def run(self, batch: Batch) -> Advanced:
        """Advance every lane of a batch.

        Args:
            batch: one of the `parts` of the lanes that are `wanted`.
        """

    def run_whole(self, values: Tensors, *, faulty: bool = False) -> dict[str, np.ndarray] | None:
        """Run one lane on whole tensors; None where the phase does not compute all of it.

        Args:
            values: the inputs by name, maybe among others.
            faulty: whether a fault has changed them, so that limits hold.

        Returns:
            All that was computed, by name: the outputs among others.

        Raises:
            InputError: ONNX Runtime refuses a value, or a limit is exceeded.
        """
        return None


class Entry:
    """A place on the route: the tensors that carry patches, and the phases from there on.

    Attributes:
        tensors: names of the tensors that carry patches.
        phases: the phases in order; each lane goes to the first that wants it.
        depth: place on the route: lanes at the first entry go first.
        waits_for_more: whether lanes wait until no phase before is left to run. Otherwise they go
            on as soon as they fill a batch, because their patches are large.
        joins: whether batches of several golden runs are joined before a phase takes them.
    """

    def __init__(
        self,
        tensors: Sequence[str],
        inputs: Sequence[str],
        phases: Sequence[Phase],
        *,
        depth: int,
        waits_for_more: bool = True,
        joins: bool = True,
    ) -> None:
        """Describe the entry.

        Args:
            tensors: names of the tensors that carry patches.
            inputs: names of all tensors that the phases read; lanes whose shapes agree share a
                batch.
            phases: the phases in order; the last one wants every lane.
            depth: place on the route.
            waits_for_more: see above.
            joins: see above.
        """
        self.tensors = tuple(tensors)
        self.phases = tuple(phases)
        self.depth = depth
        self.waits_for_more = waits_for_more
        self.joins = joins
        self._inputs = tuple(inputs)

    def shapes(self, golden: GoldenTensors) -> tuple[object, ...]:
        """Return the shapes of all that the phases read of a golden run.

        A value that is no tensor is shared only with the same golden run.
        """
        return shapes_of(golden, self._inputs)

    def share(self, batch: Batch) -> Iterator[tuple[Phase, Batch]]:
        """Yield each phase with lanes of a batch: each lane goes to the first that wants it.

        While a phase is undecided it sees few lanes at a time, so that it decides soon.
        """
        remaining: Batch | None = batch
        while remaining is not None:
            watched = [x.lanes_to_watch for x in self.phases if x.lanes_to_watch]
            first = np.arange(len(remaining)) < min(watched, default=len(remaining))
            some, remaining = remaining.divide(first)
            for phase in self.phases:
                if some is None:
                    break
                if some.dense and not phase.computes_whole_tensors:
                    continue
                taken, some = some.divide(phase.wanted(some))
                if taken is not None:
                    yield from ((phase, part) for part in phase.parts(taken))

    def run_whole(self, values: Tensors, *, faulty: bool = False) -> dict[str, np.ndarray]:
        """Run one lane on whole tensors, in the sessions that are open.

        Args:
            values: the inputs by name, maybe among others.
            faulty: whether a fault has changed them, so that limits hold.

        Raises:
            InputError: ONNX Runtime refuses a value, or a limit is exceeded.
        """
        made = (phase.run_whole(values, faulty=faulty) for phase in self.phases)
        return next((x for x in made if x is not None), {})


def shapes_of(golden: GoldenTensors, names: Iterable[str]) -> tuple[object, ...]:
    """Return the shapes of some golden tensors; a value that is no tensor counts by its run."""
    return tuple(getattr(golden.values[name], "shape", id(golden)) for name in names)
