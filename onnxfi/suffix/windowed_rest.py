"""Running what is left of a stage from windows of the images, and the remainder densely."""

import time
from collections.abc import Callable, Mapping, Sequence
from itertools import takewhile
from typing import Literal

import numpy as np

from onnxfi.graph import Model
from onnxfi.graph.precision import rounds_coarsely
from onnxfi.runtime.ort_values import copy_from_runtime
from onnxfi.suffix import Patches, Values
from onnxfi.suffix.dense_rest import DenseRest
from onnxfi.suffix.lane_result import LaneResult
from onnxfi.suffix.lanes.decision import MOST_LANES
from onnxfi.suffix.window_trial import WindowTrial
from onnxfi.suffix.windows import LaneChange, Piece, Windowed, choose_pieces, find_pieces


class WindowedRest:
    """Runs a model from patches: windows as far as they pay, and what follows densely in lanes.

    Safe to use from several threads at once.
    """

    def __init__(
        self,
        model: Model,
        frontier: Sequence[str],
        *,
        threads: int | None,
        lanes: int | Literal["auto"],
    ) -> None:
        """Open the sessions.

        Args:
            model: the model.
            frontier: names of its inputs that patches are for; all of them images.
            threads: intra-op threads of each session; None leaves the number to ONNX Runtime.
            lanes: the most lanes of the dense remainder.

        Raises:
            LookupError: windows pay nowhere in the model.
            ModelFormatError: ONNX Runtime cannot run a part of the model.
        """
        pieces = find_pieces(model, frontier)
        chosen = [*takewhile(_shows_other_bits, choose_pieces(pieces.pieces))]
        if not chosen:
            raise LookupError("windows pay nowhere")
        self._frontier = tuple(frontier)
        self._clock: Callable[[], float] = time.thread_time if threads == 1 else time.perf_counter
        self._windowed = Windowed(chosen, threads=threads)
        self._most_work = 0.0
        outputs = {x.name for x in model.graph.outputs}
        self._outputs = tuple(x for x in self._windowed.cut if x in outputs)
        remainder = pieces.remainder(len(chosen))
        self._remainder = (
            DenseRest(
                remainder,
                self._taken(remainder),
                provider="cpu",
                threads=threads,
                lanes=lanes,
                checkpoints=True,
            )
            if remainder.graph.outputs
            else None
        )

    def _taken(self, remainder: Model) -> list[str]:
        return [x.name for x in remainder.graph.inputs if x.name in self._windowed.cut]

    def suited(
        self,
        patches: Mapping[str, Patches],
        lanes: Sequence[int],
        golden: Mapping[str, np.ndarray],
    ) -> list[int]:
        """Return the lanes for which windows take less time than a dense run."""
        shapes = {name: golden[name].shape for name in patches}
        pays = self._windowed.work(patches, shapes, lanes) <= self._most_work
        return [lane for lane, suits in zip(lanes, pays.tolist(), strict=True) if suits]

    def run(
        self,
        goldens: Sequence[Values],
        patches: Mapping[str, Patches],
        lanes: Sequence[int],
    ) -> dict[int, LaneResult]:
        """Return what became of some lanes that have a patch.

        Args:
            goldens: the golden run of each lane: inputs and outputs by name, maybe among others;
                the images between the pieces are added.
            patches: what differs from golden, by input.
            lanes: the lanes to run; no others have a patch.

        Raises:
            NoWindowsError: the grids of the images do not fit.
            InputError: ONNX Runtime refuses a window.
        """
        for golden in {id(goldens[lane]): goldens[lane] for lane in lanes}.values():
            self._complete(golden)
        results = {lane: LaneResult({}, self._windowed.cut[0]) for lane in lanes}
        changes: dict[int, LaneChange] = {}
        for of_batch in self._windowed.run(goldens, patches, lanes):
            changes |= of_batch
            if len(changes) >= MOST_LANES:  # enough to fill the lanes of what follows
                results |= self._finish(goldens, changes)
                changes = {}
        return results | self._finish(goldens, changes)

    def _finish(
        self, goldens: Sequence[Values], changes: Mapping[int, LaneChange]
    ) -> dict[int, LaneResult]:
        """Run what follows the windows."""
        results = {
            lane: LaneResult(
                {x: change[x].applied(goldens[lane][x]) for x in self._outputs if x in change}
            )
            for lane, change in changes.items()
        }
        if self._remainder is not None:
            ran = self._remainder.run([goldens[x] for x in changes], list(changes.values()))
            for lane, later in zip(changes, ran, strict=True):
                results[lane] = results[lane].joined(later)
        return results

    def _complete(self, golden: Values) -> None:
        """Add the images between the pieces to the golden values."""
        if any(name not in golden for name in self._windowed.made):
            for name, value in copy_from_runtime(self._windowed.run_whole(golden)).items():
                golden.setdefault(name, value)

    def run_one(self, values: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Run on whole images and return all that this computes.

        Args:
            values: the inputs by name, maybe among others.

        Raises:
            InputError: ONNX Runtime refuses a value.
        """
        made = self._windowed.run_whole(values)
        if self._remainder is not None:
            made |= self._remainder.run_one({**values, **made})
        return made

    def pays(self, dense: DenseRest, golden: Values) -> bool:
        """Return whether this gives the bits of dense runs, in less time for a single place.

        Raises:
            NoWindowsError: the grids of the images do not fit.
            InputError: ONNX Runtime refuses a window.
        """
        self._complete(golden)
        trial = WindowTrial(
            self._windowed, self._remainder, dense, frontier=self._frontier, clock=self._clock
        )
        work = trial.largest_work(golden)
        if work is not None:
            self._most_work = work
        return work is not None


def _shows_other_bits(piece: Piece) -> bool:
    """Return whether a trial shows that a convolution of a window has other bits.

    ONNX Runtime adds up in an order that depends on the size of an image.
    """
    graph = piece.model.graph
    convolves = any(x.op_type in ("Conv", "ConvTranspose") for x in graph)
    return not (convolves and rounds_coarsely(graph))
