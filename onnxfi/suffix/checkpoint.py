"""Leaving lanes out in which nothing is left of a corruption halfway."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from onnxfi.runtime.ort_values import copy_from_runtime
from onnxfi.suffix import LanePatch, Values
from onnxfi.suffix.lane_result import LaneResult
from onnxfi.suffix.lanes.decision import MOST_LANES
from onnxfi.suffix.lanes.lanes import Lanes


class Checkpoint:
    """Runs a model as far as one tensor, and the rest for lanes in which that is not golden.

    Safe to use from several threads at once.
    """

    def __init__(self, tensor: str, head: Lanes, tail: Lanes) -> None:
        """Begin.

        Args:
            tensor: name of the tensor; all that corruptions change goes through it.
            head: computes it.
            tail: computes the model's outputs from it and from golden inputs.
        """
        self._tensor = tensor
        self._head = head
        self._tail = tail
        # Another part may compute the tensor too, in other last bits.
        self._key = f"{tensor} at its checkpoint"

    def run_one(self, values: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Run one lane on values of your own.

        Args:
            values: the inputs by name, maybe among others.

        Raises:
            InputError: ONNX Runtime refuses a value.
        """
        return self._tail.run_one({**values, **self._head.run_one(values)})

    def seconds(self, values: Mapping[str, np.ndarray]) -> float:
        """Return how long one lane takes in which something is left.

        Args:
            values: the inputs by name, maybe among others.

        Raises:
            InputError: ONNX Runtime refuses a value.
        """
        return sum(self.seconds_of_parts(values))

    def seconds_of_parts(self, values: Mapping[str, np.ndarray]) -> tuple[float, float]:
        """Return how long the two parts take, as `seconds` does."""
        inputs = {**values, **self._head.run_one(values)}
        return self._head.seconds(values), self._tail.seconds(inputs)

    def run(
        self, goldens: Sequence[Values], patches: Sequence[Mapping[str, LanePatch]]
    ) -> Iterator[LaneResult]:
        """Yield what became of each patched lane.

        Args:
            goldens: for each lane the golden inputs by name, maybe among others; the checkpoint's
                tensor is added.
            patches: what differs from golden in each lane.
        """
        for start in range(0, len(patches), MOST_LANES):
            some = slice(start, start + MOST_LANES)
            yield from self._run_together(goldens[some], patches[some])

    def _run_together(
        self, goldens: Sequence[Values], patches: Sequence[Mapping[str, LanePatch]]
    ) -> list[LaneResult]:
        at_checkpoint = {id(x): {**x, self._tensor: self._golden(x)} for x in goldens}
        own = [at_checkpoint[id(x)] for x in goldens]
        results = [LaneResult({}, self._tensor)] * len(patches)
        left: dict[int, dict[str, LanePatch]] = {}
        for lane, made in enumerate(self._head.run(goldens, patches)):
            if made is None:
                results[lane] = LaneResult(None)
                continue
            faulty = made[self._tensor]
            if faulty.tobytes() != own[lane][self._tensor].tobytes():
                everywhere = (slice(None),) * faulty.ndim
                left[lane] = {self._tensor: LanePatch(everywhere, faulty)}
        ran = self._tail.run([own[lane] for lane in left], list(left.values()))
        for lane, outputs in zip(left, ran, strict=True):
            results[lane] = LaneResult(outputs)
        return results

    def _golden(self, golden: Values) -> np.ndarray:
        if self._key not in golden:
            golden.setdefault(
                self._key, copy_from_runtime(self._head.run_one(golden))[self._tensor]
            )
        return golden[self._key]
