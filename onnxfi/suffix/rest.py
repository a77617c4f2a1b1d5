"""Running what is left of a stage behind the operators that sparse patches are pushed through."""

import logging
import threading
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Literal

import numpy as np

from onnxfi.errors import InputError, ModelFormatError
from onnxfi.graph import Model
from onnxfi.runtime import give_back_memory
from onnxfi.suffix import LanePatch, Patches, Values
from onnxfi.suffix.dense_rest import DenseRest
from onnxfi.suffix.lane_result import LaneResult
from onnxfi.suffix.lanes.decision import shapes_of
from onnxfi.suffix.masked_ahead import MaskedAhead
from onnxfi.suffix.windowed_rest import WindowedRest
from onnxfi.suffix.windows import NoWindowsError

# As many are run densely first: what decides on windows costs about as much.
_RUNS_BEFORE_DECIDING = 16
_logger = logging.getLogger("onnxfi")


class Rest:
    """Runs a model on golden inputs with patches, from windows of the images where that pays.

    Windows are used only where they were seen to give, bit by bit, what dense runs give.
    Safe to use from several threads at once.
    """

    def __init__(
        self,
        model: Model,
        frontier: Sequence[str],
        *,
        provider: Literal["cpu", "cuda"],
        threads: int | None,
        lanes: int | Literal["auto"],
        shortcuts: bool,
    ) -> None:
        """Open a session for dense runs, which is closed once windows turn out to pay.

        Args:
            model: the model.
            frontier: names of its inputs that patches are for.
            provider: as `onnxfi.runtime.choose_provider` returns it.
            threads: intra-op threads of each session; None leaves the number to ONNX Runtime.
            lanes: the most lanes; ``auto`` measures how many pay.
            shortcuts: whether to try windows of images, and checkpoints; on the CPU only.

        Raises:
            ModelFormatError: ONNX Runtime cannot run the model.
        """
        self._model = model
        self._frontier = tuple(frontier)
        self._inputs = tuple(x.name or "" for x in model.graph.inputs)
        self._threads = threads
        self._wanted = lanes
        shortcuts = shortcuts and provider == "cpu"
        self._open_dense = partial(
            DenseRest,
            model,
            frontier,
            provider=provider,
            threads=threads,
            lanes=lanes,
            checkpoints=shortcuts,
        )
        # It holds all weights, as what runs instead of it does.
        self._dense: DenseRest | None = self._open_dense()
        self._windowed: WindowedRest | None = None
        self._ahead: MaskedAhead | None = None
        self._shortcuts = shortcuts
        self._decided = not shortcuts
        self._runs = 0
        self._lock = threading.Lock()
        self._trial = threading.Lock()  # taken once, by the thread that tries

    def run_golden(self, values: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Run densely with whatever sessions are open, and return all that this computes.

        Args:
            values: the inputs by name, maybe among others.

        Raises:
            InputError: ONNX Runtime refuses a value.
        """
        dense, windowed = self._dense, self._windowed
        if dense is None and windowed is not None:
            return windowed.run_one(values)
        return self._dense_rest().run_one(values)

    def run_one(self, values: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Run densely on values of your own and return the outputs.

        Args:
            values: the inputs by name, maybe among others.

        Raises:
            InputError: ONNX Runtime refuses a value.
        """
        return self._dense_rest().run_one(values)

    def shapes(self, golden: Mapping[str, np.ndarray]) -> tuple[object, ...]:
        """Return the shapes of the inputs: golden runs that agree in them can share a batch."""
        return shapes_of(golden, self._inputs)

    def run(
        self, goldens: Sequence[Values], patches: Mapping[str, Patches]
    ) -> Iterator[tuple[int, LaneResult]]:
        """Yield each patched lane and what became of it.

        Args:
            goldens: the golden run of each lane: inputs and outputs by name, maybe among others;
                what else is learnt of it is added. All inputs have the same `shapes`.
            patches: what differs from golden, by input; at least one.
        """
        of_lanes: dict[int, dict[str, LanePatch]] = {}
        for name, one in patches.items():
            for lane, patch in one.lanes(goldens[0][name].size).items():
                of_lanes.setdefault(lane, {})[name] = patch
        for lane, tensor in self._look_ahead(goldens, of_lanes).items():
            del of_lanes[lane]
            yield lane, LaneResult({}, tensor)
        if not of_lanes:
            return
        windowed = self._decide(goldens[0])
        if windowed is not None:
            suited = windowed.suited(patches, list(of_lanes), goldens[0])
            some = {name: x.of_lanes(suited, goldens[0][name].size) for name, x in patches.items()}
            try:
                yield from windowed.run(goldens, some, suited).items()
                for lane in suited:
                    del of_lanes[lane]
            except (NoWindowsError, InputError) as error:
                _logger.debug("No windows: %s", error)
        if of_lanes:
            self._runs += len(of_lanes)
            of_dense = [goldens[lane] for lane in of_lanes]
            ran = self._dense_rest().run(of_dense, list(of_lanes.values()))
            yield from zip(of_lanes, ran, strict=True)

    def _look_ahead(
        self, goldens: Sequence[Values], of_lanes: Mapping[int, Mapping[str, LanePatch]]
    ) -> dict[int, str]:
        """Return the lanes that are seen to be masked, each with the tensor in which it is."""
        if not self._shortcuts or self._runs < _RUNS_BEFORE_DECIDING:
            return {}
        ahead = self._ahead
        if ahead is None:
            ahead = self._ahead = MaskedAhead(
                self._model,
                self._frontier,
                seconds=lambda: self._dense_rest().seconds(goldens[0]),
            )
        return ahead.find(goldens, of_lanes)

    def _dense_rest(self) -> DenseRest:
        dense = self._dense
        if dense is None:
            with self._lock:
                dense = self._dense = self._dense or self._open_dense()
        return dense

    def _decide(self, golden: Values) -> WindowedRest | None:
        early = self._runs < _RUNS_BEFORE_DECIDING and self._wanted == "auto"
        if self._decided or early or not self._trial.acquire(blocking=False):
            return self._windowed  # while another thread is at it, this one goes on densely
        self._windowed = self._try_windows(golden)
        if self._windowed is not None:
            self._dense = None
            give_back_memory()
        self._decided = True
        return self._windowed

    def _try_windows(self, golden: Values) -> WindowedRest | None:
        images = [golden[name] for name in self._frontier]
        if any(x.ndim != 4 or len(x) != 1 or x.dtype.kind not in "fiu" for x in images):
            return None
        try:
            windowed = WindowedRest(
                self._model, self._frontier, threads=self._threads, lanes=self._wanted
            )
            return windowed if windowed.pays(self._dense_rest(), golden) else None
        except (InputError, ModelFormatError, NoWindowsError, LookupError) as error:
            _logger.debug("No windows: %s", error)
            return None
