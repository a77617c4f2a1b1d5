"""Runs all that follows an entry on whole tensors, in lanes."""

import threading
from collections.abc import Sequence

import numpy as np

from onnxfi.graph import Model
from onnxfi.suffix.batch import Advanced, Batch
from onnxfi.suffix.golden_tensors import Tensors
from onnxfi.suffix.lane_result import LaneResult
from onnxfi.suffix.lanes.lanes import Lanes
from onnxfi.suffix.phases.phase import Phase
from onnxfi.suffix.run_settings import RunSettings


class Dense(Phase):
    """Runs a model from its inputs to its outputs; takes every lane."""

    computes_whole_tensors = True

    def __init__(self, model: Model, tensors: Sequence[str], settings: RunSettings) -> None:
        """Open the session.

        Args:
            model: all that follows the entry.
            tensors: the names of its inputs that carry patches.
            settings: how to run.

        Raises:
            ModelFormatError: ONNX Runtime cannot run the model.
        """
        self._model = model
        self._tensors = tuple(tensors)
        self._settings = settings
        self._opening = threading.Lock()
        self._lanes: Lanes | None = self._open()

    def close(self) -> None:
        """Free the session, which holds all weights; it opens again when it is needed."""
        self._lanes = None

    @property
    def is_open(self) -> bool:
        """Whether its session is open."""
        return self._lanes is not None

    @property
    def lanes(self) -> Lanes:
        """The lanes, whose session is opened if it is closed."""
        with self._opening:
            lanes = self._lanes = self._lanes or self._open()
        return lanes

    def run(self, batch: Batch) -> Advanced:
        """Run the lanes."""
        ran = self.lanes.run([x.values for x in batch.goldens], batch.by_lane)
        return Advanced({lane: LaneResult(x) for lane, x in zip(batch.lanes, ran, strict=True)})

    def run_whole(self, values: Tensors, *, faulty: bool = False) -> dict[str, np.ndarray]:
        """Run one lane on whole tensors."""
        return self.lanes.run_one(values)

    def _open(self) -> Lanes:
        return Lanes(self._model, self._tensors, self._settings)
