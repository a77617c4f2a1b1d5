"""Runs single steps of a sequence."""

from collections.abc import Mapping

import numpy as np

from onnxfi.graph import Model
from onnxfi.injector import Golden, GoldenCache, Injector
from onnxfi.sequence.golden_sequence import Arrays
from onnxfi.sequence.greedy import best_classes
from onnxfi.sequence.state import StateMap
from onnxfi.suffix import same_bits


class StepRunner:
    """Runs steps, and makes the inputs of a step from the outputs of the one before.

    Attributes:
        injector: runs a step, with a fault at its target or without.
        state: which outputs feed which inputs.
    """

    def __init__(
        self,
        model: Model,
        injector: Injector,
        state: StateMap,
        feedback: Mapping[str, str],
        *,
        memory: int,
    ) -> None:
        """Keep what runs.

        Args:
            model: the model of one step.
            injector: its injector.
            state: which outputs feed which inputs.
            feedback: the input that takes the best class of an output, by the output's name.
            memory: bytes of golden tensors that are kept.
        """
        self.injector = injector
        self.state = state
        self._feedback = feedback
        self._inputs = {x.name or "": x for x in model.graph.inputs}
        self._goldens: GoldenCache[Golden] = GoldenCache(memory)

    def golden(self, number: int, step: int, feeds: Arrays) -> Golden:
        """Return the golden run of a step of a golden sequence, kept or made again."""
        return self._goldens.get((number, step), lambda: self.injector.golden(feeds))

    def next_inputs(self, given: Arrays, outputs: Arrays) -> dict[str, np.ndarray]:
        """Return the inputs of a step.

        Args:
            given: what the step is given; it comes before what is fed back.
            outputs: the outputs of the step before.
        """
        return {**self.fed_back(outputs), **given, **self.state.next(outputs)}

    def fed_back(self, outputs: Arrays) -> dict[str, np.ndarray]:
        """Return the inputs that take the best class of the last position of an output."""
        found = {}
        for name, fed in self._feedback.items():
            best = best_classes(outputs[name])
            value = self._inputs[fed]
            rank = best.ndim if value.shape is None else value.shape.rank()
            dtype = np.dtype(np.int64) if value.dtype is None else value.dtype.numpy()
            found[fed] = best.reshape(best.shape + (1,) * (rank - best.ndim)).astype(dtype)
        return found

    def answer(self, outputs: Arrays) -> dict[str, np.ndarray]:
        """Return the outputs that hold no state; all of them if all do."""
        found = {name: x for name, x in outputs.items() if name not in self.state.inputs}
        return found or dict(outputs)


def same(one: Arrays, other: Arrays) -> bool:
    """Return whether arrays of the same names are bit-equal."""
    return all(same_bits(one[name], other[name]) for name in other)
