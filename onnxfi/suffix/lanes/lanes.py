"""Running several faulty executions as one batch."""

import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Literal

import numpy as np

from onnxfi.errors import InputError, ModelFormatError
from onnxfi.graph import Model
from onnxfi.suffix import LanePatch
from onnxfi.suffix.lanes.decision import (
    LARGEST_BATCH,
    MOST_LANES,
    LaneDecision,
    no_batch,
    other_bits,
    slower,
    too_large,
)
from onnxfi.suffix.lanes.lane_sessions import (
    DeviceLaneSession,
    HostLaneSession,
    LaneSession,
    LaneTrial,
    Workspace,
)
from onnxfi.suffix.trial import perturbed
from onnxfi.surgery.free_batch import with_free_batch

# So many are run one by one first: what decides on lanes costs about 20 runs. Lanes can save much
# where what each run costs anyway counts, or reading the weights; else a tenth of the time at most.
_FEW_FIRST, _MANY_FIRST = 16, 256
_SHORT_RUN, _BYTES_IN_A_SECOND = 1e-3, 1e10
# A run is timed a few times, unless that takes so many seconds.
_TIMED, _LONG = 5, 0.05


class Lanes:
    """Runs a model on golden inputs with patches, in as many lanes as pay.

    Lanes are used only where the graph proves that no sample meets another, and runs confirm it,
    so their number never changes a result.
    Safe to use from several threads at once.
    """

    def __init__(
        self,
        model: Model,
        patched: Collection[str],
        *,
        provider: Literal["cpu", "cuda"],
        threads: int | None,
        lanes: int | Literal["auto"],
        on_device: bool | None = None,
    ) -> None:
        """Open a session for one lane.

        Args:
            model: the model.
            patched: names of the inputs that patches are for.
            provider: as `onnxfi.runtime.choose_provider` returns it.
            threads: intra-op threads of each session; None leaves the number to ONNX Runtime.
            lanes: the most lanes; ``auto`` measures how many pay.
            on_device: whether golden inputs are kept and patched where the model runs, where that
                can be; by default, unless it runs on the CPU.

        Raises:
            ModelFormatError: ONNX Runtime cannot run the model.
        """
        self._model = model
        self._provider = provider
        self._threads = threads
        self._wanted = lanes
        self._patched = tuple(patched)
        self._on_device = provider != "cpu" if on_device is None else on_device
        self._session = self._open(model)
        self._inputs = tuple(value.name or "" for value in model.graph.inputs)
        self._decision = LaneDecision(1, "One lane was asked for.") if lanes == 1 else None
        self._clock: Callable[[], float] = time.thread_time if threads == 1 else time.perf_counter
        self._runs, self._spent = 0, 0.0
        self._weights = model.weight_bytes
        self._lock = threading.Lock()

    @property
    def count(self) -> int | None:
        """Number of lanes in use; None before it is decided."""
        return None if self._decision is None else self._decision.lanes

    def decide(self, golden: Mapping[str, np.ndarray]) -> LaneDecision:
        """Return how many lanes to use; where that is not yet decided, try with a golden run.

        Args:
            golden: the golden inputs by name, maybe among others.
        """
        if self._decision is None:
            with self._lock:
                if self._decision is None:
                    self._decision = self._try_lanes({name: golden[name] for name in self._inputs})
        return self._decision

    def run_one(self, values: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Run one lane on values of your own.

        Args:
            values: the inputs by name, maybe among others.

        Raises:
            InputError: ONNX Runtime refuses a value.
        """
        return self._session.run(values)

    def seconds(self, values: Mapping[str, np.ndarray]) -> float:
        """Return how long one lane takes.

        Args:
            values: the inputs by name, maybe among others.

        Raises:
            InputError: ONNX Runtime refuses a value.
        """
        return self._timed(lambda: self._session.run(values))

    def run(
        self,
        goldens: Sequence[Mapping[str, np.ndarray]],
        patches: Sequence[Mapping[str, LanePatch]],
    ) -> Iterator[dict[str, np.ndarray] | None]:
        """Yield the outputs of each patched lane, None where ONNX Runtime refuses to run it.

        Args:
            goldens: for each lane the golden inputs by name, maybe among others; of the same
                shapes in all of them.
            patches: what differs from golden in each lane.
        """
        workspace, start = Workspace(), 0
        while start < len(patches):
            end = start + min(self._lanes_for(goldens[start]), len(patches) - start)
            if not self._session.mixes:
                one = goldens[start]
                end = next((x for x in range(start, end) if goldens[x] is not one), end)
            yield from self._run_batch(goldens[start:end], patches[start:end], workspace)
            start = end

    def _run_batch(
        self,
        goldens: Sequence[Mapping[str, np.ndarray]],
        patches: Sequence[Mapping[str, LanePatch]],
        workspace: Workspace,
    ) -> list[dict[str, np.ndarray] | None]:
        count, decided = len(patches), self._decision is not None
        start = 0.0 if decided else self._clock()
        try:
            outputs = self._session.run_patched(goldens, patches, workspace)
        except InputError:
            if count == 1:
                return [None]
            # It is one of them.
            alone = ((goldens[x : x + 1], patches[x : x + 1]) for x in range(count))
            return [y for x in alone for y in self._run_batch(*x, Workspace())]
        if not decided:
            self._runs += count
            self._spent += self._clock() - start
        if count == 1:
            return [outputs]
        split = {
            name: array.reshape(count, len(array) // count, *array.shape[1:])
            for name, array in outputs.items()
        }
        return [{name: parts[lane] for name, parts in split.items()} for lane in range(count)]

    def _open(self, model: Model) -> LaneSession:
        if self._on_device:
            try:
                return DeviceLaneSession(
                    model, self._patched, provider=self._provider, threads=self._threads
                )
            except ModelFormatError:
                self._on_device = False  # what is no tensor of NumPy's dtypes, say
        return HostLaneSession(model, provider=self._provider, threads=self._threads)

    def _lanes_for(self, golden: Mapping[str, np.ndarray]) -> int:
        if self._decision is None and self._wanted == "auto" and self._is_early():
            return 1
        return self.decide(golden).lanes

    def _is_early(self) -> bool:
        """Return whether it is too early to decide on lanes, seen from what they can save."""
        if self._runs < _FEW_FIRST:
            return True
        seconds = self._spent / self._runs
        can_pay = seconds < _SHORT_RUN or self._mostly_reads_weights(seconds)
        one_thread = self._provider == "cpu" and self._threads == 1
        return one_thread and not can_pay and self._runs < _MANY_FIRST

    def _mostly_reads_weights(self, seconds: float) -> bool:
        return self._weights / _BYTES_IN_A_SECOND > seconds / 2

    def _worthwhile(self, seconds: float) -> int:
        """Return how many lanes can pay: many where what each run costs anyway counts, else few."""
        if seconds < _SHORT_RUN:
            return 64
        return 16 if seconds < 10 * _SHORT_RUN or self._mostly_reads_weights(seconds) else 4

    def _try_lanes(self, golden: Mapping[str, np.ndarray]) -> LaneDecision:
        """Return how many lanes to use, after a comparison with single ones."""
        obstacle = no_batch(golden)
        if obstacle is not None:
            return LaneDecision(1, obstacle)
        if self._wanted == "auto":
            size = sum(x.nbytes for x in golden.values())
            lanes = min(MOST_LANES, LARGEST_BATCH // max(1, size))
        else:
            lanes = self._wanted
        one_thread = self._provider != "cpu" or self._threads == 1
        kinds = self._different_lanes(golden)
        try:
            freed = with_free_batch(self._model, one_thread=one_thread)
            alone = [self._session.run(x) for x in kinds]
            seconds = self._timed(lambda: self._session.run(kinds[0]))
            if self._wanted == "auto":
                lanes = min(lanes, self._worthwhile(seconds))
            if lanes < 2:
                return too_large()
            batched = self._open(freed)
            trial = LaneTrial(batched, kinds, alone, self._patched)
            differing = trial.differing(lanes)
            if differing is not None:
                return other_bits(lanes, differing)
            batch_seconds = self._timed(lambda: trial.run_golden(lanes))
            if self._wanted == "auto" and batch_seconds > lanes * seconds:
                return slower(lanes, batch_seconds, lanes * seconds)
            # The last batch of a block is smaller, and one lane needs no session of its own.
            for count in {1, 2, 3, lanes // 2 + 1} - {lanes}:
                differing = trial.differing(count)
                if differing is not None:
                    return other_bits(count, differing)
        except (InputError, ModelFormatError) as error:
            return LaneDecision(1, str(error))
        self._session = batched
        return LaneDecision(lanes)

    def _different_lanes(self, golden: Mapping[str, np.ndarray]) -> list[Mapping[str, np.ndarray]]:
        """Return golden inputs to try: they differ in all that lanes of a batch may differ in."""
        rng = np.random.default_rng(0)
        kinds = [
            {name: perturbed(x, rng, signed=signed) for name, x in golden.items()}
            for signed in (False, True, False, True)
        ]
        if self._session.mixes:
            return [*kinds]
        return [{**kinds[0], **{name: x[name] for name in self._patched}} for x in kinds]

    def _timed(self, run: Callable[[], object]) -> float:
        """Return the seconds of the fastest of a few runs."""
        times: list[float] = []
        while len(times) < _TIMED and sum(times) < _LONG:
            start = self._clock()
            run()
            times.append(self._clock() - start)
        return min(times)
