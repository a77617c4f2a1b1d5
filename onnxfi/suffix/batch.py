"""Holds the lanes that wait at one entry, and what a phase makes of them."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import NamedTuple, TypeVar

import numpy as np

from onnxfi.suffix.golden_tensors import GoldenTensors
from onnxfi.suffix.lane_result import LaneResult
from onnxfi.suffix.patches import LanePatch, Patches, apply_patches

Item = TypeVar("Item")


class Batch:
    """Lanes with patches of the same tensors, whose shapes agree.

    Patches are seen by tensor, for phases that compute many lanes at once, or by lane; each view is
    made from the other when it is first asked for.

    Attributes:
        lanes: the number of each lane in the run.
        goldens: the golden run of each lane.
        made: the outputs that earlier phases made, by the number of the lane and by name.
        dense: whether only phases that compute whole tensors may take the lanes.
    """

    def __init__(
        self,
        lanes: Sequence[int],
        goldens: Sequence[GoldenTensors],
        *,
        by_tensor: Mapping[str, Patches] | None = None,
        by_lane: Sequence[Mapping[str, LanePatch]] | None = None,
        made: Mapping[int, Mapping[str, np.ndarray]] | None = None,
        dense: bool = False,
    ) -> None:
        """Take the patches in one of the two views.

        Args:
            lanes: the number of each lane in the run.
            goldens: the golden run of each lane.
            by_tensor: the patches by tensor, with the positions in `lanes` as lanes.
            by_lane: the patches of each lane by tensor.
            made: the outputs that earlier phases made.
            dense: whether only phases that compute whole tensors may take the lanes.
        """
        self.lanes = lanes
        self.goldens = goldens
        self.made = made or {}
        self.dense = dense
        if by_tensor is not None:
            self.by_tensor = by_tensor
        if by_lane is not None:
            self.by_lane = by_lane

    def __len__(self) -> int:
        """Return the number of lanes."""
        return len(self.lanes)

    @cached_property
    def by_lane(self) -> Sequence[Mapping[str, LanePatch]]:
        """The patches of each lane by tensor."""
        found: list[dict[str, LanePatch]] = [{} for _ in self.lanes]
        for name, patches in self.by_tensor.items():
            for position, patch in patches.lanes(self._size(name)).items():
                found[position][name] = patch
        return found

    @cached_property
    def by_tensor(self) -> Mapping[str, Patches]:
        """The patches by tensor, with the positions in `lanes` as lanes."""
        names = dict.fromkeys(name for patches in self.by_lane for name in patches)
        found = {}
        for name in names:
            patched = {n: x[name] for n, x in enumerate(self.by_lane) if name in x}
            joined = LanePatch.joined(patched, self._size(name))
            found[name] = Patches(np.asarray(joined.place), joined.values)
        return found

    def values(self, position: int) -> dict[str, np.ndarray]:
        """Return the golden tensors of a lane with its patches."""
        return apply_patches(self.goldens[position].values, self.by_lane[position])

    def sites(self) -> dict[str, np.ndarray]:
        """Return the number of patched elements in each lane by tensor, shape ``(lanes,)``."""
        return {
            name: np.bincount(patches.keys // self._size(name), minlength=len(self))
            for name, patches in self.by_tensor.items()
        }

    def select(self, positions: Sequence[int]) -> "Batch":
        """Return the lanes at some positions."""
        if len(positions) == len(self):
            return self
        return self.onward(positions, by_lane=[self.by_lane[x] for x in positions])

    def onward(
        self,
        positions: Sequence[int],
        *,
        by_tensor: Mapping[str, Patches] | None = None,
        by_lane: Sequence[Mapping[str, LanePatch]] | None = None,
        made: Mapping[int, Mapping[str, np.ndarray]] | None = None,
        goldens: Sequence[GoldenTensors] | None = None,
        dense: bool | None = None,
    ) -> "Batch":
        """Return some of the lanes with other patches.

        Args:
            positions: the positions of these lanes.
            by_tensor: their patches by tensor, numbered from 0 in this order; or
            by_lane: their patches by lane.
            made: outputs that were made of lanes since, by the number of the lane.
            goldens: their golden runs with more tensors; by default as they are.
            dense: as in `Batch`; by default as it is.
        """
        lanes = [self.lanes[x] for x in positions]
        outputs = {x: self.made[x] for x in lanes if x in self.made} if self.made else {}
        for lane, of_lane in (made or {}).items():
            outputs[lane] = {**outputs.get(lane, {}), **of_lane}
        return Batch(
            lanes,
            [self.goldens[x] for x in positions] if goldens is None else goldens,
            by_tensor=by_tensor,
            by_lane=by_lane,
            made=outputs,
            dense=self.dense if dense is None else dense,
        )

    def divide(self, wanted: np.ndarray) -> tuple["Batch | None", "Batch | None"]:
        """Return the lanes for which a bool array of shape ``(lanes,)`` is true, and the others."""
        if wanted.all():
            return self, None
        if not wanted.any():
            return None, self
        return (
            self.select(np.flatnonzero(wanted).tolist()),
            self.select(np.flatnonzero(~wanted).tolist()),
        )

    def densely(self) -> "Batch":
        """Return the same lanes for phases that compute whole tensors."""
        return self.onward(range(len(self)), by_lane=self.by_lane, dense=True)

    def finish(self, results: Mapping[int, LaneResult]) -> Mapping[int, LaneResult]:
        """Return results together with the outputs that earlier phases made, by lane."""
        if not self.made:
            return results
        return {lane: x.after(self.made.get(lane, {})) for lane, x in results.items()}

    @classmethod
    def joined(cls, batches: Sequence["Batch"]) -> "Batch":
        """Return the lanes of several batches that agree in shapes and in `dense`."""
        if len(batches) == 1:
            return batches[0]
        made: dict[int, Mapping[str, np.ndarray]] = {}
        for batch in batches:
            made.update(batch.made)
        return cls(
            _chained(x.lanes for x in batches),
            _chained(x.goldens for x in batches),
            by_lane=_chained(x.by_lane for x in batches),
            made=made,
            dense=batches[0].dense,
        )

    def _size(self, name: str) -> int:
        return self.goldens[0].values[name].size


class Advanced(NamedTuple):
    """The result of a phase: every lane of the batch is in one of the three, once.

    Attributes:
        done: results, by the number of the lane.
        left: lanes that go on behind the phase.
        refused: lanes that the phase could not compute exactly, which run densely.
    """

    done: Mapping[int, LaneResult]
    left: Batch | None = None
    refused: Batch | None = None

    def checked(self, batch: Batch) -> "Advanced":
        """Return this, if every lane of the batch left the phase exactly once.

        Raises:
            AssertionError: a lane was lost or doubled.
        """
        left = self.left.lanes if self.left is not None else ()
        refused = self.refused.lanes if self.refused is not None else ()
        lanes = [*self.done, *left, *refused]
        assert len(lanes) == len(batch), "A phase must return every lane once."
        assert {*lanes} == {*batch.lanes}, "A phase must return the lanes of its batch."
        return self


def _chained(parts: Iterable[Sequence[Item]]) -> list[Item]:
    return [x for part in parts for x in part]
