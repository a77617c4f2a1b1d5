"""Runs all that follows an entry within limits of time and memory."""

import numpy as np

from onnxfi.errors import InputError
from onnxfi.graph import Model
from onnxfi.runtime import LimitedSession, Limits
from onnxfi.suffix.batch import Advanced, Batch
from onnxfi.suffix.golden_tensors import Tensors
from onnxfi.suffix.lane_result import LaneResult
from onnxfi.suffix.phases.phase import Phase
from onnxfi.suffix.run_settings import RunSettings


class Limited(Phase):
    """Runs a model in a child process, one lane after the other.

    It takes the place of dense lanes where a fault may decide how long the model runs, or how large
    its tensors are.
    """

    computes_whole_tensors = True

    def __init__(self, model: Model, limits: Limits, settings: RunSettings) -> None:
        """Open the session.

        Args:
            model: all that follows the entry.
            limits: what a faulty execution may take.
            settings: how to run.

        Raises:
            ModelFormatError: ONNX Runtime cannot run the model.
        """
        self._session = LimitedSession(
            model, provider=settings.provider, threads=settings.threads, limits=limits
        )

    def run(self, batch: Batch) -> Advanced:
        """Run the lanes."""
        return Advanced(
            {lane: self._run_lane(batch.values(n)) for n, lane in enumerate(batch.lanes)}
        )

    def run_whole(self, values: Tensors, *, faulty: bool = False) -> dict[str, np.ndarray]:
        """Run one lane; a golden one without a limit, because limits depend on what it takes."""
        return self._session.run(values) if faulty else self._session.run_golden(values)

    def _run_lane(self, values: Tensors) -> LaneResult:
        try:
            return LaneResult(self._session.run(values))
        except InputError as error:
            return LaneResult.failed(error)
