"""Keeps the golden steps of a sequence within a bound of memory."""

from collections.abc import Iterator, Sequence
from typing import overload

import numpy as np

from onnxfi.sequence.golden_sequence import Arrays
from onnxfi.sequence.step_runner import StepRunner


class GoldenSteps:
    """The inputs of golden steps: kept at intervals, and made again from there in between.

    The interval doubles whenever the kept inputs exceed the memory. Steps that are read one after
    the other run once each.
    """

    def __init__(
        self, runner: StepRunner, given: Sequence[Arrays], number: int, *, memory: int
    ) -> None:
        """Begin without steps.

        Args:
            runner: runs the steps.
            given: what is given to each step.
            number: number of the golden sequence.
            memory: bytes of inputs that are kept; the first step's are in any case.
        """
        self._runner, self._given, self._number, self._memory = runner, given, number, memory
        self._kept: dict[int, Arrays] = {}
        self._interval = 1
        self._last: tuple[int, Arrays] | None = None

    def begin(self, feeds: Arrays) -> None:
        """Take the inputs of the first step."""
        self._kept[0] = feeds

    def feeds(self, step: int) -> Arrays:
        """Return the inputs of a step."""
        if step in self._kept:
            return self._kept[step]
        at = max(x for x in self._kept if x < step)
        feeds = self._kept[at]
        if self._last is not None and at < self._last[0] <= step:
            at, feeds = self._last
        while at < step:
            made = self._runner.golden(self._number, at, feeds).outputs
            at, feeds = at + 1, self._runner.next_inputs(self._given[at + 1], made)
            self._keep(at, feeds)
        self._last = (step, feeds)
        return feeds

    def outputs(self, step: int) -> Arrays:
        """Return the outputs of a step."""
        return self._runner.golden(self._number, step, self.feeds(step)).outputs

    def _keep(self, step: int, feeds: Arrays) -> None:
        if step % self._interval:
            return
        self._kept[step] = feeds
        while len(self._kept) > 1 and sum(map(_nbytes, self._kept.values())) > self._memory:
            self._interval *= 2
            self._kept = {x: y for x, y in self._kept.items() if x % self._interval == 0}


class FeedsOfSteps(Sequence[Arrays]):
    """The inputs of each golden step."""

    def __init__(self, steps: GoldenSteps, count: int) -> None:
        """Keep the steps and their number."""
        self._steps, self._places = steps, range(count)

    def __len__(self) -> int:
        """Return the number of steps."""
        return len(self._places)

    @overload
    def __getitem__(self, step: int) -> Arrays: ...
    @overload
    def __getitem__(self, step: slice) -> Sequence[Arrays]: ...
    def __getitem__(self, step: int | slice) -> Arrays | Sequence[Arrays]:
        """Return a step, or several."""
        if isinstance(step, slice):
            return tuple(map(self._at, self._places[step]))
        return self._at(self._places[step])

    def __iter__(self) -> Iterator[Arrays]:
        """Yield each step."""
        return map(self._at, self._places)

    def _at(self, step: int) -> Arrays:
        return self._steps.feeds(step)


class OutputsOfSteps(FeedsOfSteps):
    """The outputs of each golden step."""

    def _at(self, step: int) -> Arrays:
        return self._steps.outputs(step)


def _nbytes(feeds: Arrays) -> int:
    return sum(np.asarray(x).nbytes for x in feeds.values())
