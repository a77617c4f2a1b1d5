"""Compares windows with dense runs: their bits, and the time that they take."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from onnxfi.suffix.batch import Batch
from onnxfi.suffix.golden_tensors import GoldenTensors, Tensors
from onnxfi.suffix.patches import LanePatch, Patches, apply_patches
from onnxfi.suffix.run_settings import RunSettings
from onnxfi.suffix.trial import same_bits
from onnxfi.suffix.windows.windowed import LaneChange, Windowed

#: First row, number of rows, first column and number of columns.
_Box = tuple[int, int, int, int]


@dataclass(frozen=True, eq=False, slots=True)
class _Attempt:
    """Windows of some patches.

    Attributes:
        patches: the patches of the first lanes.
        changes: the patches behind the windows, by lane; masked lanes are left out.
        work: the mean work of a lane, from `Windowed.work`.
        seconds: the mean time of a lane.
    """

    patches: Sequence[Mapping[str, LanePatch]]
    changes: Mapping[int, LaneChange]
    work: float
    seconds: float


class WindowTrial:
    """Compares windows, and the model behind them, with dense runs."""

    def __init__(
        self,
        windowed: Windowed,
        *,
        whole: Callable[[Tensors], Tensors],
        behind: Callable[[Tensors], Tensors] | None,
        tensors: Sequence[str],
        settings: RunSettings,
    ) -> None:
        """Keep what is compared.

        Args:
            windowed: carries changes in windows.
            whole: runs densely all that the windows and the model behind them run.
            behind: runs the model behind the windows densely; None where nothing follows.
            tensors: names of the images that carry patches.
            settings: how to run.
        """
        self._windowed = windowed
        self._whole = whole
        self._behind = behind
        self._tensors = tuple(tensors)
        self._settings = settings
        self._policy = settings.policy

    def largest_work(self, golden: Tensors) -> float | None:
        """Return the work up to which windows pay; None where they do not, or a bit differs.

        They are tried on corruptions of all channels: at corners of the images, at other places,
        and in whole rows and columns. They must pay for single places.

        Args:
            golden: the golden run, with all that the windows take and make.

        Raises:
            NoWindowsError: the grids of the images do not fit.
            InputError: ONNX Runtime refuses a window.
        """
        rows, columns = golden[self._tensors[0]].shape[2:]
        rng = np.random.default_rng(0)
        places = rng.integers(0, (rows, columns), (self._policy.window_places, 2))
        places[:2] = (0, 0), (rows - 1, columns - 1)
        bands = [
            (0, min(2, rows), 0, columns),
            (rows - 1, 1, 0, columns),
            (rows // 3, min(3, rows - rows // 3), 0, columns),
            (0, rows, columns // 2, 1),
        ]
        allowed = self._policy.window_gain * self._settings.seconds(lambda: self._whole(golden))
        behind = self._behind
        if behind is not None:
            allowed -= self._settings.seconds(lambda: behind(golden))
        small = self._attempt(golden, [(row, 1, column, 1) for row, column in places.tolist()])
        pays = self._policy.pays("windows", small.seconds < allowed)
        if not pays or not self._is_right(golden, small.patches, small.changes):
            return None
        large = self._attempt(golden, bands)
        if not self._is_right(golden, large.patches, large.changes):
            return None
        if self._policy.forced == "windows":
            return float("inf")
        return _where_equal(small, large, allowed)

    def is_exact(self, golden: Tensors, patches: Mapping[str, LanePatch]) -> bool:
        """Return whether a lane, corners and a band of rows have the bits of dense runs.

        Args:
            golden: as in `largest_work`.
            patches: the patches of the lane by tensor.

        Raises:
            NoWindowsError: the grids of the images do not fit.
            InputError: ONNX Runtime refuses a window.
        """
        rows, columns = golden[self._tensors[0]].shape[2:]
        boxes = [(0, 1, 0, 1), (rows - 1, 1, columns - 1, 1), (rows // 3, 1, 0, columns)]
        at_boxes = _batch(golden, _of_boxes(golden, self._tensors, boxes), len(boxes)).by_lane
        lanes = [patches, *at_boxes]
        goldens = [GoldenTensors(golden)] * len(lanes)
        batch = Batch(range(len(lanes)), goldens, by_lane=lanes)
        return self._is_right(golden, lanes, self._run(batch))

    def _attempt(self, golden: Tensors, boxes: Sequence[_Box]) -> _Attempt:
        patches = _of_boxes(golden, self._tensors, boxes)
        batch = _batch(golden, patches, len(boxes))
        changes: dict[int, LaneChange] = {}
        seconds = self._settings.stopwatch.fastest(
            lambda: changes.update(self._run(batch)), times=self._policy.window_timings
        )
        of_lanes = {name: x.lanes(golden[name].size) for name, x in patches.items()}
        compared = [
            {name: x[lane] for name, x in of_lanes.items()}
            for lane in range(min(len(boxes), self._policy.window_comparisons))
        ]
        work = self._windowed.work(patches, {x: golden[x].shape for x in patches})
        return _Attempt(compared, changes, float(work.mean()), seconds / len(boxes))

    def _run(self, batch: Batch) -> dict[int, LaneChange]:
        """Return the patches behind the windows by lane, run in groups as those of injections."""
        found: dict[int, LaneChange] = {}
        for positions in self._windowed.groups(batch.by_tensor, batch.goldens):
            part = batch.select(positions)
            changes = self._windowed.run([x.values for x in part.goldens], part.by_tensor)
            found |= {part.lanes[n]: change for n, change in changes.items()}
        return found

    def _is_right(
        self,
        golden: Tensors,
        of_lanes: Sequence[Mapping[str, LanePatch]],
        changes: Mapping[int, LaneChange],
    ) -> bool:
        """Return whether windows equal whole images, and the runs behind them end as dense runs."""
        for lane, patches in enumerate(of_lanes):
            corrupted = apply_patches(golden, patches)
            whole = {**corrupted, **self._windowed.run_whole(corrupted)}
            change = changes.get(lane, {})
            for name in self._windowed.cut:
                got = change[name].applied(golden[name]) if name in change else golden[name]
                if not same_bits(got, whole[name]):
                    return False
            if lane == 0:
                if self._behind is not None:
                    whole |= self._behind(whole)
                expected = self._whole(corrupted)
                if not all(same_bits(whole[name], x) for name, x in expected.items()):
                    return False
        return True


def _batch(golden: Tensors, patches: Mapping[str, Patches], lanes: int) -> Batch:
    return Batch(range(lanes), [GoldenTensors(golden)] * lanes, by_tensor=patches)


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
