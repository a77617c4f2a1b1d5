"""Trying windows of the images: whether they give the bits of dense runs, and where they pay."""

from collections import ChainMap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from onnxfi.suffix import LanePatch, Patches, Values, patched
from onnxfi.suffix.dense_rest import DenseRest
from onnxfi.suffix.windows import LaneChange, Windowed

# Windows must take less than this share of a dense run.
_WORTHWHILE = 0.9
_TIMED = 2
# Places that share batches, as those of injections do, and how many of them are compared.
_PLACES, _COMPARED = 16, 5

#: First row, number of rows, first column and number of columns.
_Box = tuple[int, int, int, int]


@dataclass(frozen=True, eq=False, slots=True)
class _Attempt:
    """Windows of some patches.

    Attributes:
        patches: the patches of the first lanes.
        changes: what came out of each lane that is not masked.
        work: the mean work of a lane, as `Windowed.work` tells it.
        seconds: the mean time of a lane.
    """

    patches: Sequence[Mapping[str, LanePatch]]
    changes: Mapping[int, LaneChange]
    work: float
    seconds: float


class WindowTrial:
    """Compares windows, and what follows them, with dense runs."""

    def __init__(
        self,
        windowed: Windowed,
        remainder: DenseRest | None,
        dense: DenseRest,
        *,
        frontier: Sequence[str],
        clock: Callable[[], float],
    ) -> None:
        """Begin.

        Args:
            windowed: carries changes in windows.
            remainder: runs what follows; None where nothing does.
            dense: runs all that both of them run.
            frontier: names of the images that patches are for.
            clock: gives the time in seconds.
        """
        self._windowed = windowed
        self._remainder = remainder
        self._dense = dense
        self._frontier = tuple(frontier)
        self._clock = clock

    def largest_work(self, golden: Values) -> float | None:
        """Return the work up to which windows pay; None where they do not, or a bit differs.

        They are tried on corruptions of all channels: at corners of the images, at other places,
        and in whole rows and columns. They must pay for single places.

        Args:
            golden: the golden run, with all that the windows take and make.

        Raises:
            NoWindowsError: the grids of the images do not fit.
            InputError: ONNX Runtime refuses a window.
        """
        rows, columns = golden[self._frontier[0]].shape[2:]
        rng = np.random.default_rng(0)
        places = rng.integers(0, (rows, columns), (_PLACES, 2))
        places[:2] = (0, 0), (rows - 1, columns - 1)
        bands = [
            (0, min(2, rows), 0, columns),
            (rows - 1, 1, 0, columns),
            (rows // 3, min(3, rows - rows // 3), 0, columns),
            (0, rows, columns // 2, 1),
        ]
        allowed = _WORTHWHILE * self._dense.seconds(golden)
        if self._remainder is not None:
            allowed -= self._remainder.seconds(golden)
        small = self._attempt(golden, [(row, 1, column, 1) for row, column in places.tolist()])
        if small.seconds >= allowed or not self._is_right(golden, small):
            return None
        large = self._attempt(golden, bands)
        if not self._is_right(golden, large):
            return None
        return _where_equal(small, large, allowed)

    def _attempt(self, golden: Values, boxes: Sequence[_Box]) -> _Attempt:
        patches = _of_boxes(golden, self._frontier, boxes)
        lanes, goldens = range(len(boxes)), [golden] * len(boxes)
        times = []
        for _ in range(_TIMED):
            start = self._clock()
            changes = dict(ChainMap(*self._windowed.run(goldens, patches, lanes)))
            times.append(self._clock() - start)
        of_lanes = {name: x.lanes(golden[name].size) for name, x in patches.items()}
        compared = [{name: x[lane] for name, x in of_lanes.items()} for lane in lanes[:_COMPARED]]
        work = self._windowed.work(patches, {x: golden[x].shape for x in patches}, lanes)
        return _Attempt(compared, changes, float(work.mean()), min(times) / len(boxes))

    def _is_right(self, golden: Values, attempt: _Attempt) -> bool:
        """Return whether windows came out as whole images do, and these end as dense runs do."""
        for lane, patches in enumerate(attempt.patches):
            corrupted = patched(golden, patches)
            whole = {**corrupted, **self._windowed.run_whole(corrupted)}
            change = attempt.changes.get(lane, {})
            for name in self._windowed.cut:
                got = change[name].applied(golden[name]) if name in change else golden[name]
                if got.tobytes() != whole[name].tobytes():
                    return False
            if lane == 0:
                if self._remainder is not None:
                    whole |= self._remainder.run_one(whole)
                expected = self._dense.run_one(corrupted)
                if any(whole[name].tobytes() != x.tobytes() for name, x in expected.items()):
                    return False
        return True


def _where_equal(small: _Attempt, large: _Attempt, seconds: float) -> float:
    """Return the work that takes so many seconds, on the line through two attempts."""
    more = large.work - small.work
    longer = large.seconds - small.seconds
    if not (np.isfinite(more) and more > 0 and longer > 0):
        return small.work
    return small.work + max(0.0, (seconds - small.seconds) * more / longer)


def _of_boxes(
    golden: Mapping[str, np.ndarray], names: Sequence[str], boxes: Sequence[_Box]
) -> dict[str, Patches]:
    """Return patches of some images, in all channels of one box a lane."""
    rng = np.random.default_rng(0)
    patches = {}
    for name in names:
        image = golden[name]
        numbers = np.arange(image.size).reshape(image.shape)
        of_lanes = [
            numbers[:, :, row : row + rows, column : column + columns].reshape(-1)
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
