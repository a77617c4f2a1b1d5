"""Running several faulty executions as one batch."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Literal

import numpy as np

from onnxfi.errors import InputError, ModelFormatError
from onnxfi.graph import Model
from onnxfi.propagation import LanePatch
from onnxfi.runtime import Session
from onnxfi.surgery.free_batch import with_free_batch

# A few are run one by one first: what decides on lanes costs about as much.
_RUNS_BEFORE_DECIDING = 16
_LARGEST_BATCH = 128 << 20  # bytes that all inputs of a batch may take
_MOST_LANES = 64
# A run is timed a few times, unless that takes so many seconds.
_TIMED, _LONG = 5, 0.05


class Lanes:
    """Runs a model on golden inputs with patches, in as many lanes as pay.

    Lanes are used only where the model was seen to compute each lane bit by bit as it does alone,
    so their number never changes a result.
    Safe to use from several threads at once.
    """

    def __init__(
        self,
        model: Model,
        *,
        provider: Literal["cpu", "cuda"],
        threads: int | None,
        lanes: int | Literal["auto"],
    ) -> None:
        """Open a session for one lane.

        Args:
            model: the model.
            provider: as `onnxfi.runtime.choose_provider` returns it.
            threads: intra-op threads of each session; None leaves the number to ONNX Runtime.
            lanes: the most lanes; ``auto`` measures how many pay.

        Raises:
            ModelFormatError: ONNX Runtime cannot run the model.
        """
        self._model = model
        self._provider = provider
        self._threads = threads
        self._wanted = lanes
        self._single = Session(model, provider=provider, threads=threads)
        self._batched: Session | None = None
        self._inputs = tuple(value.name or "" for value in model.graph.inputs)
        self._lanes = 1 if lanes == 1 else None
        self._clock: Callable[[], float] = time.thread_time if threads == 1 else time.perf_counter
        self._runs = 0
        self._lock = threading.Lock()

    @property
    def count(self) -> int | None:
        """Number of lanes in use; None before it is decided."""
        return self._lanes

    def run_one(self, values: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Run one lane on values of your own.

        Args:
            values: the inputs by name, maybe among others.

        Raises:
            InputError: ONNX Runtime refuses a value.
        """
        return self._single.run({name: values[name] for name in self._inputs})

    def run(
        self, golden: Mapping[str, np.ndarray], patches: Sequence[Mapping[str, LanePatch]]
    ) -> Iterator[dict[str, np.ndarray] | None]:
        """Yield the outputs of each patched lane, None where ONNX Runtime refuses to run it.

        Args:
            golden: the golden inputs by name, maybe among others.
            patches: what differs from golden in each lane.
        """
        touched = {name for patch in patches for name in patch}
        start, width = 0, 0
        while start < len(patches):
            lanes = min(self._decide(golden), len(patches) - start)
            if lanes > width:
                # Patched and restored in place: what an injection costs is its patch, not a tensor.
                width = lanes
                batch = {
                    name: _repeat(golden[name], width, copy=name in touched)
                    for name in self._inputs
                }
            fed = {
                name: array if lanes == width else array[: len(array) // width * lanes]
                for name, array in batch.items()
            }
            yield from self._run_batch(golden, fed, patches[start : start + lanes])
            start += lanes

    def _run_batch(
        self,
        golden: Mapping[str, np.ndarray],
        batch: Mapping[str, np.ndarray],
        patches: Sequence[Mapping[str, LanePatch]],
    ) -> list[dict[str, np.ndarray] | None]:
        count = len(patches)
        self._runs += count
        session = self._single if count == 1 or self._batched is None else self._batched
        written = [
            (name, patch, _lane(batch[name], lane, count))
            for lane, of_lane in enumerate(patches)
            for name, patch in of_lane.items()
        ]
        for _, patch, tensor in written:
            patch.write(tensor)
        try:
            outputs = session.run(batch)
        except InputError:
            outputs = None
        finally:
            for name, patch, tensor in written:
                patch.undo(tensor, golden[name])
        if outputs is None and count > 1:  # one of them
            return [x for patch in patches for x in self.run(golden, [patch])]
        if outputs is None or count == 1:
            return [outputs]
        split = {name: np.split(array, count) for name, array in outputs.items()}
        return [{name: parts[lane] for name, parts in split.items()} for lane in range(count)]

    def _decide(self, golden: Mapping[str, np.ndarray]) -> int:
        if self._lanes is not None:
            return self._lanes
        if self._runs < _RUNS_BEFORE_DECIDING and self._wanted == "auto":
            return 1
        with self._lock:
            if self._lanes is None:
                self._lanes = self._try_lanes({name: golden[name] for name in self._inputs})
        return self._lanes

    def _try_lanes(self, golden: Mapping[str, np.ndarray]) -> int:
        """Return how many lanes to use, after a comparison with single ones."""
        arrays = list(golden.values())
        if not arrays or any(
            not hasattr(x, "ndim") or x.ndim == 0 or len(x) != len(arrays[0]) for x in arrays
        ):
            return 1
        if self._wanted == "auto":
            lanes = min(_MOST_LANES, _LARGEST_BATCH // max(1, sum(x.nbytes for x in arrays)))
        else:
            lanes = self._wanted
        rng = np.random.default_rng(0)
        samples = [{name: _disturbed(x, rng) for name, x in golden.items()} for _ in range(2)]
        try:
            alone, seconds = self._timed(self._single, samples)
            if self._wanted == "auto":
                lanes = min(lanes, _worthwhile(seconds))
            if lanes < 2:
                return 1
            freed = with_free_batch(self._model)
            if freed is None:
                return 1
            batched = Session(freed, provider=self._provider, threads=self._threads)
            # The first and the last lane differ; those between are like the first.
            batch = {
                name: np.concatenate([*[x] * (lanes - 1), samples[1][name]])
                for name, x in samples[0].items()
            }
            (together,), batch_seconds = self._timed(batched, [batch])
        except (InputError, ModelFormatError):
            return 1
        for name, array in together.items():
            for place, expected in ((0, alone[0][name]), (lanes - 1, alone[1][name])):
                size = len(array) // lanes if array.ndim else 0
                if not size or array[place * size : (place + 1) * size].tobytes() != (
                    expected.tobytes()
                ):
                    return 1
        if self._wanted == "auto" and batch_seconds > lanes * seconds:
            return 1
        self._batched = batched
        return lanes

    def _timed(
        self, session: Session, feeds: Sequence[Mapping[str, np.ndarray]]
    ) -> tuple[list[dict[str, np.ndarray]], float]:
        """Return the outputs, and the seconds of the fastest run of the last ones."""
        outputs = [session.run(feed) for feed in feeds]
        times = []
        while len(times) < _TIMED and sum(times) < _LONG:
            start = self._clock()
            session.run(feeds[-1])
            times.append(self._clock() - start)
        return outputs, min(times)


def _lane(batch: np.ndarray, lane: int, lanes: int) -> np.ndarray:
    if lanes == 1:
        return batch  # maybe without an axis
    each = len(batch) // lanes
    return batch[lane * each : (lane + 1) * each]


def _repeat(array: np.ndarray, count: int, *, copy: bool) -> np.ndarray:
    """Return an array as often as said, one after the other along its first axis."""
    if count == 1:
        return array.copy(order="C") if copy else array
    return np.concatenate([array] * count)


def _disturbed(array: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return an array of which every element differs, if it is one of floats."""
    if array.dtype.kind != "f":
        return array
    return (array * rng.uniform(0.5, 1.5, array.shape)).astype(array.dtype)


def _worthwhile(seconds: float) -> int:
    """Return how many lanes can pay: many where the fixed cost of a run counts, else few."""
    return 64 if seconds < 1e-3 else 16 if seconds < 1e-2 else 4
