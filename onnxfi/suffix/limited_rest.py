"""Runs what is left of a stage within limits."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

import numpy as np

from onnxfi.errors import InputError
from onnxfi.graph import Model
from onnxfi.runtime.limited_session import LimitedSession
from onnxfi.runtime.limits import Limits
from onnxfi.suffix import LanePatch, Patches, Values, patched
from onnxfi.suffix.lane_result import LaneResult, failure_of
from onnxfi.suffix.lanes.decision import shapes_of


class LimitedRest:
    """Runs a model on golden inputs with patches, lane by lane, in a child process.

    It takes the place of `onnxfi.suffix.rest.Rest` where a fault may decide how long the model
    runs, or how large its tensors are. Safe to use from several threads at once.
    """

    def __init__(
        self,
        model: Model,
        frontier: Sequence[str],
        *,
        provider: Literal["cpu", "cuda"],
        threads: int | None,
        limits: Limits,
    ) -> None:
        """Open the session.

        Args:
            model: the model.
            frontier: names of its inputs that patches are for.
            provider: as `onnxfi.runtime.choose_provider` returns it.
            threads: intra-op threads; None leaves the number to ONNX Runtime.
            limits: what a faulty execution may take.

        Raises:
            ModelFormatError: ONNX Runtime cannot run the model.
        """
        self._inputs = tuple(x.name or "" for x in model.graph.inputs)
        self._session = LimitedSession(model, provider=provider, threads=threads, limits=limits)

    def run_golden(self, values: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Run without a limit, and return all that this computes.

        Args:
            values: the inputs by name, maybe among others.

        Raises:
            InputError: ONNX Runtime refuses a value.
        """
        return self._session.run_golden(values)

    def run_one(self, values: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Run on faulty values and return the outputs.

        Args:
            values: the inputs by name, maybe among others.

        Raises:
            InputError: ONNX Runtime refuses a value, or a limit is exceeded.
        """
        return self._session.run(values)

    def shapes(self, golden: Mapping[str, np.ndarray]) -> tuple[object, ...]:
        """Return the shapes of the inputs: golden runs that agree in them can run together."""
        return shapes_of(golden, self._inputs)

    def run(
        self, goldens: Sequence[Values], patches: Mapping[str, Patches]
    ) -> Iterator[tuple[int, LaneResult]]:
        """Yield each patched lane and what became of it.

        Args:
            goldens: the golden run of each lane: inputs by name, maybe among others. All inputs
                have the same `shapes`.
            patches: what differs from golden, by input; at least one.
        """
        of_lanes: dict[int, dict[str, LanePatch]] = {}
        for name, one in patches.items():
            for lane, patch in one.lanes(goldens[0][name].size).items():
                of_lanes.setdefault(lane, {})[name] = patch
        for lane, of_lane in of_lanes.items():
            try:
                yield lane, LaneResult(self._session.run(patched(goldens[lane], of_lane)))
            except InputError as error:
                yield lane, LaneResult(None, failure=failure_of(error))
