"""Finds masked lanes before a model runs, past nodes that patches cannot be pushed through.

In DenseNet, for example, a corruption meets many convolutions, each behind a Relu of its own. If no
Relu passes it on, every convolution computes golden values, and nothing needs to run.
"""

import logging
import time

import numpy as np

from onnxfi.graph import Model
from onnxfi.suffix.batch import Advanced, Batch
from onnxfi.suffix.lane_result import LaneResult
from onnxfi.suffix.phases.phase import Entry, Phase
from onnxfi.suffix.phases.pushed_ahead import PushedAhead
from onnxfi.suffix.run_settings import RunSettings
from onnxfi.suffix.trial import Adoption

_logger = logging.getLogger("onnxfi")


class Lookahead(Phase):
    """Finishes lanes that are masked farther on, until that costs more than it saves."""

    def __init__(self, model: Model, behind: Entry, settings: RunSettings) -> None:
        """Keep the model; rules are made once enough lanes have run.

        Args:
            model: all that follows the entry.
            behind: the entry, with the same tensors, at which lanes wait that are not masked.
            settings: how to run.
        """
        self.behind: Entry = behind
        self._model = model
        self._settings = settings
        self._policy = settings.policy
        self._adoption = Adoption[PushedAhead]()
        self._seen, self._asked, self._masked = 0, 0, 0
        self._seconds, self._spent = 0.0, 0.0

    @property
    def lanes_to_watch(self) -> int:
        """Lanes that must run before rules are made."""
        missing = self._policy.runs_before_windows - self._seen
        return max(0, missing) if self._adoption.is_open else 0

    def wanted(self, batch: Batch) -> np.ndarray:
        """Return the lanes that have few sites, once enough lanes have run."""
        ahead = None
        if self.lanes_to_watch:
            self._seen += len(batch)
        else:
            ahead = self._adoption.try_once(lambda: self._open(batch), wait=True)
        if ahead is None:
            return np.zeros(len(batch), bool)
        sites = [sum(x.values.size for x in of_lane.values()) for of_lane in batch.by_lane]
        return np.array(sites) <= self._policy.lookahead_sites

    def run(self, batch: Batch) -> Advanced:
        """Finish the masked lanes and leave the others."""
        ahead = self._adoption.kept
        if ahead is None:  # another thread has dropped it
            return Advanced({}, batch)
        start = time.perf_counter()
        masked = ahead.masked([x.values for x in batch.goldens], dict(enumerate(batch.by_lane)))
        self._measure(len(batch), len(masked), time.perf_counter() - start)
        done = {batch.lanes[n]: LaneResult({}, tensor) for n, tensor in masked.items()}
        others = [n for n in range(len(batch)) if n not in masked]
        return Advanced(done, batch.select(others) if others else None)

    def _open(self, batch: Batch) -> PushedAhead | None:
        ahead = PushedAhead(self._model, self.behind.tensors, provider=self._settings.provider)
        if not ahead.goes_on:
            return None
        golden = batch.goldens[0].values
        self._seconds = self._settings.seconds(lambda: self.behind.run_whole(golden))
        return ahead

    def _measure(self, lanes: int, masked: int, seconds: float) -> None:
        """Drop the phase if it does not pay; the first call, which opens sessions, is left out."""
        if self._asked >= self._policy.lookahead_lanes:
            return
        self._spent += seconds if self._asked else 0
        self._asked += lanes
        self._masked += masked
        if self._asked >= self._policy.lookahead_lanes:
            saved = self._masked * self._seconds
            _logger.debug("Lookahead took %.3g s and saved %.3g s.", self._spent, saved)
            if not self._policy.pays("lookahead", saved > self._spent):
                self._adoption.drop()
