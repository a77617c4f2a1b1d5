"""Running what is left of a stage from windows of the images, and the remainder densely."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import numpy as np

from onnxfi.graph import Model
from onnxfi.injector.lanes import Lanes
from onnxfi.propagation import Patches, Values
from onnxfi.propagation.windows import LaneChange, Windowed, choose_pieces, find_pieces

# Windows must take less than this share of a dense run.
_WORTHWHILE = 0.9


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
        chosen = choose_pieces(pieces.pieces)
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
            Lanes(remainder, self._taken(remainder), provider="cpu", threads=threads, lanes=lanes)
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
    ) -> dict[int, dict[str, np.ndarray] | None]:
        """Return the outputs that differ from golden, of some lanes that have a patch.

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
        changes = self._windowed.run(goldens, patches, lanes)
        results: dict[int, dict[str, np.ndarray] | None] = {lane: {} for lane in lanes}
        for lane, change in changes.items():
            results[lane] = {
                name: change[name].applied(goldens[lane][name])
                for name in self._outputs
                if name in change
            }
        if self._remainder is not None:
            ran = self._remainder.run([goldens[x] for x in changes], list(changes.values()))
            for lane, outputs in zip(changes, ran, strict=True):
                made = results[lane]
                results[lane] = None if outputs is None or made is None else made | outputs
        return results

    def _complete(self, golden: Values) -> None:
        """Add the images between the pieces to the golden values."""
        if any(name not in golden for name in self._windowed.made):
            for name, value in self._windowed.run_whole(golden).items():
                # A tensor of ONNX Runtime would keep all the memory of its session alive.
                golden.setdefault(name, value.copy())

    def pays(self, dense: Lanes, golden: Values) -> bool:
        """Return whether this gives the bits of dense runs, in less time for a single place.

        It is tried on corruptions of all channels: at the corners of the images, in whole rows and
        columns, and elsewhere. How much time they take tells up to which size windows pay.

        Raises:
            NoWindowsError: the grids of the images do not fit.
            InputError: ONNX Runtime refuses a window.
        """
        rows, columns = golden[self._frontier[0]].shape[2:]
        compared = [
            *((x, 1, y, 1) for x in (0, rows - 1) for y in (0, columns - 1)),
            (0, min(2, rows), 0, columns),
            (rows // 2, 1, 0, columns),
            (0, rows, columns // 2, 1),
            (rows // 3, min(3, rows - rows // 3), columns // 3, 1),
        ]
        patches = _of_boxes(golden, self._frontier, compared)
        dense_seconds, remaining = self._compare(dense, golden, patches, range(len(compared)))
        if dense_seconds is None:
            return False
        rng = np.random.default_rng(0)
        places = rng.integers(0, (rows, columns), (16, 2)).tolist()
        bands = rng.integers(0, max(1, rows - 2), 4).tolist()
        small = self._timed(golden, [(row, 1, column, 1) for row, column in places])
        large = self._timed(golden, [(row, min(3, rows), 0, columns) for row in bands])
        allowed = _WORTHWHILE * dense_seconds - remaining
        self._most_work = _where_equal(small, large, allowed)
        return small[1] < allowed

    def _compare(
        self,
        dense: Lanes,
        golden: Values,
        patches: Mapping[str, Patches],
        lanes: Sequence[int],
    ) -> tuple[float | None, float]:
        """Return the seconds of a dense run and of the remainder; None where a bit differs."""
        goldens = [golden] * len(lanes)
        found = self.run(goldens, patches, lanes)
        changes = self._windowed.run(goldens, patches, lanes)
        seconds, remaining = [], [0.0]
        for lane in lanes:
            corrupted = dict(golden) | {
                name: x.lanes(golden[name].size)[lane].applied(golden[name])
                for name, x in patches.items()
            }
            start = self._clock()
            expected = dense.run_one(corrupted)
            seconds.append(self._clock() - start)
            whole = corrupted | self._windowed.run_whole(corrupted)
            if not _same_cut(self._windowed.cut, changes.get(lane, {}), golden, whole):
                return None, 0.0
            if self._remainder is not None:
                start = self._clock()
                whole |= self._remainder.run_one(whole)
                remaining.append(self._clock() - start)
            got = dict(golden) | (found[lane] or {})
            for name, value in expected.items():
                if not got[name].tobytes() == whole[name].tobytes() == value.tobytes():
                    return None, 0.0
        return min(seconds), min(remaining[1:], default=0.0)

    def _timed(
        self, golden: Values, boxes: Sequence[tuple[int, int, int, int]]
    ) -> tuple[float, float]:
        """Return the mean work and the mean seconds of windows of some boxes."""
        patches = _of_boxes(golden, self._frontier, boxes, channels=1)
        lanes = range(len(boxes))
        work = self._windowed.work(patches, {x: golden[x].shape for x in patches}, lanes)
        seconds = []
        for _ in range(2):
            start = self._clock()
            self._windowed.run([golden] * len(boxes), patches, lanes)
            seconds.append(self._clock() - start)
        return float(work.mean()), min(seconds) / len(boxes)


def _where_equal(small: tuple[float, float], large: tuple[float, float], seconds: float) -> float:
    """Return the work that takes so many seconds, on the line through two (work, seconds)."""
    (less, short), (more, long) = small, large
    if not (np.isfinite(more) and more > less and long > short):
        return less
    return less + max(0.0, (seconds - short) * (more - less) / (long - short))


def _same_cut(
    names: Sequence[str],
    change: LaneChange,
    golden: Mapping[str, np.ndarray],
    whole: Mapping[str, np.ndarray],
) -> bool:
    """Return whether changes after the windows are those of whole images."""
    for name in names:
        got = change[name].applied(golden[name]) if name in change else golden[name]
        if got.tobytes() != whole[name].tobytes():
            return False
    return True


def _of_boxes(
    golden: Mapping[str, np.ndarray],
    names: Sequence[str],
    boxes: Sequence[tuple[int, int, int, int]],
    channels: int | None = None,
) -> dict[str, Patches]:
    """Return patches of some images, in one box a lane.

    Args:
        golden: the images by name, maybe among others.
        names: the images.
        boxes: first row, number of rows, first column and number of columns.
        channels: number of channels that differ; None for all.
    """
    rng = np.random.default_rng(0)
    patches = {}
    for name in names:
        image = golden[name]
        numbers = np.arange(image.size).reshape(image.shape)
        of_lanes = [
            numbers[:, :channels, row : row + rows, column : column + columns].reshape(-1)
            for row, rows, column, columns in boxes
        ]
        keys = np.concatenate([x + lane * image.size for lane, x in enumerate(of_lanes)])
        patches[name] = Patches(keys, _numbers_like(image, keys.size, rng))
    return patches


def _numbers_like(image: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    if image.dtype.kind == "f":
        return rng.normal(0, 1 + float(np.abs(image).max()), count).astype(image.dtype)
    limits = np.iinfo(image.dtype)
    return rng.integers(limits.min, limits.max, count, image.dtype, endpoint=True)
