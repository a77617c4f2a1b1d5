"""Running what is left of a stage from windows of the images, and the remainder densely."""

import time
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from typing import Literal

import numpy as np

from onnxfi.errors import InputError
from onnxfi.graph import Model
from onnxfi.injector.lanes import Lanes
from onnxfi.propagation import LanePatch, Patches
from onnxfi.propagation.windows import LaneChange, Windowed, choose_pieces, find_pieces

# Lanes in which windows are tried, and of these the ones that are compared.
_TRIED, _COMPARED = 16, 6
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
        """Return the lanes whose patches lie close enough to one another."""
        shapes = {name: golden[name].shape for name in patches}
        suited = self._windowed.suited(patches, shapes, lanes)
        return [lane for lane, suits in zip(lanes, suited.tolist(), strict=True) if suits]

    def run(
        self,
        golden: MutableMapping[str, np.ndarray],
        patches: Mapping[str, Patches],
        lanes: Sequence[int],
    ) -> dict[int, dict[str, np.ndarray] | None]:
        """Return the outputs that differ from golden, of some lanes that have a patch.

        Args:
            golden: the golden inputs and outputs by name, maybe among others; the images between
                the pieces are added.
            patches: what differs from golden, by input.
            lanes: the lanes to run.

        Raises:
            NoWindowsError: the grids of the images do not fit.
            InputError: ONNX Runtime refuses a window.
        """
        self._complete(golden)
        return self._finish(golden, lanes, self._windowed.run(golden, patches, lanes))

    def run_one(self, values: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Run on whole images of your own.

        Args:
            values: the inputs by name, maybe among others.

        Raises:
            InputError: ONNX Runtime refuses a value.
        """
        known = dict(values) | self._windowed.run_whole(values)
        made = {name: known[name] for name in self._outputs}
        return made if self._remainder is None else made | self._remainder.run_one(known)

    def run_whole(
        self,
        golden: MutableMapping[str, np.ndarray],
        lanes: Mapping[int, Mapping[str, LanePatch]],
    ) -> dict[int, dict[str, np.ndarray] | None]:
        """Return the outputs that differ from golden, of lanes whose patches lie far apart.

        Args:
            golden: as for `run`.
            lanes: what differs from golden in each lane.
        """
        self._complete(golden)
        changes: dict[int, LaneChange] = {}
        failed: dict[int, dict[str, np.ndarray] | None] = {}
        for lane, patches in lanes.items():
            corrupted = {name: x.applied(golden[name]) for name, x in patches.items()}
            try:
                made = corrupted | self._windowed.run_whole({**golden, **corrupted})
            except InputError:
                failed[lane] = None
                continue
            everything = (slice(None),)
            change = {
                name: LanePatch(everything, made[name])
                for name in self._windowed.cut
                if name in made and made[name].tobytes() != golden[name].tobytes()
            }
            if change:
                changes[lane] = change
        return self._finish(golden, list(lanes), changes) | failed

    def _complete(self, golden: MutableMapping[str, np.ndarray]) -> None:
        """Add the images between the pieces to the golden values."""
        if any(name not in golden for name in self._windowed.cut):
            for name, value in self._windowed.run_whole(golden).items():
                golden.setdefault(name, value)

    def _finish(
        self,
        golden: Mapping[str, np.ndarray],
        lanes: Sequence[int],
        changes: Mapping[int, LaneChange],
    ) -> dict[int, dict[str, np.ndarray] | None]:
        """Run the remainder for the lanes in which something differs after the last piece."""
        results: dict[int, dict[str, np.ndarray] | None] = {lane: {} for lane in lanes}
        for lane, change in changes.items():
            results[lane] = {
                name: change[name].applied(golden[name]) for name in self._outputs if name in change
            }
        if self._remainder is not None:
            ran = self._remainder.run(golden, list(changes.values()))
            for lane, outputs in zip(changes, ran, strict=True):
                made = results[lane]
                results[lane] = None if outputs is None or made is None else made | outputs
        return results

    def pays(self, dense: Lanes, golden: MutableMapping[str, np.ndarray]) -> bool:
        """Return whether this gives the bits of dense runs, in less time.

        It is tried on corruptions of all channels, at the corners of the images and elsewhere.

        Raises:
            NoWindowsError: the grids of the images do not fit.
            InputError: ONNX Runtime refuses a window.
        """
        patches = _at_places(golden, self._frontier)
        compared = range(_COMPARED)
        found = self.run(golden, patches, compared)
        changes = self._windowed.run(golden, patches, compared)
        seconds, remaining = [], [0.0]
        for lane in compared:
            corrupted = dict(golden) | {
                name: x.lanes(golden[name].size)[lane].applied(golden[name])
                for name, x in patches.items()
            }
            start = self._clock()
            expected = dense.run_one(corrupted)
            seconds.append(self._clock() - start)
            whole = corrupted | self._windowed.run_whole(corrupted)
            if not _same_cut(self._windowed.cut, changes.get(lane, {}), golden, whole):
                return False
            if self._remainder is not None:
                start = self._clock()
                whole |= self._remainder.run_one(whole)
                remaining.append(self._clock() - start)
            got = dict(golden) | (found[lane] or {})
            for name, value in expected.items():
                if not got[name].tobytes() == whole[name].tobytes() == value.tobytes():
                    return False
        start = self._clock()
        self._windowed.run(golden, patches, range(_TRIED))
        windows = (self._clock() - start) / _TRIED
        return windows + min(remaining[1:], default=0.0) < _WORTHWHILE * min(seconds)


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


def _at_places(golden: Mapping[str, np.ndarray], names: Sequence[str]) -> dict[str, Patches]:
    """Return patches of all channels of some images: in the corners, and in other places."""
    rng = np.random.default_rng(0)
    rows, columns = golden[names[0]].shape[2:]
    corners = [(0, 0), (0, columns - 1), (rows - 1, 0), (rows - 1, columns - 1)]
    others = rng.integers(0, (rows, columns), (_TRIED - len(corners), 2)).tolist()
    patches = {}
    for name in names:
        size = golden[name].size
        channels = np.arange(golden[name].shape[1]) * rows * columns
        keys = np.concatenate(
            [
                lane * size + channels + row * columns + column
                for lane, (row, column) in enumerate([*corners, *others])
            ]
        )
        spread = 1 + float(np.abs(golden[name]).max())
        values = rng.normal(0, spread, keys.size).astype(golden[name].dtype)
        patches[name] = Patches(keys, values)
    return patches
