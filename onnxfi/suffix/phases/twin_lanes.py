"""Follows lanes in pairs, each with a golden twin, so that no golden tensor is needed."""

from collections.abc import Collection, Mapping, Sequence

import numpy as np

from onnxfi.suffix.golden_tensors import Tensors
from onnxfi.suffix.patches import LanePatch, Patches, bits


class TwinLanes:
    """The patches of lanes and of their golden twins: lane n has the twin n plus their number.

    Attributes:
        going: which lanes are followed, bool, shape ``(lanes,)``.
    """

    def __init__(self, count: int, ends: Collection[str]) -> None:
        """Begin without patches.

        Args:
            count: number of lanes.
            ends: names of the tensors at which lanes are not followed any farther.
        """
        self.going = np.ones(count, bool)
        self._count = count
        self._ends = ends
        self._pairs: dict[str, Patches] = {}

    def begin(
        self,
        name: str,
        of_lanes: Mapping[int, LanePatch],
        goldens: Sequence[Tensors],
    ) -> None:
        """Put lanes with their patches and twins at a tensor."""
        size = goldens[0][name].size
        faulty = LanePatch.joined(of_lanes, size)
        keys = np.asarray(faulty.place)
        golden = [goldens[lane][name].reshape(-1)[x.place] for lane, x in of_lanes.items()]
        pairs = Patches(
            np.concatenate([keys, keys + self._count * size]),
            np.concatenate([faulty.values, *golden]),
        )
        self.reach(name, pairs, size)

    def reach(self, name: str, pairs: Patches, size: int) -> None:
        """Put pairs at a tensor, without the elements that equal those of the twin."""
        half = pairs.values.size // 2
        differs = bits(pairs.values[:half]) != bits(pairs.values[half:])
        if not differs.all():
            both = np.concatenate([differs, differs])
            pairs = Patches(pairs.keys[both], pairs.values[both])
        if name in self._ends:
            self.stop(self.lanes(pairs, size))
        else:
            self._pairs[name] = pairs

    def patches_at(self, sizes: Mapping[str, int]) -> dict[str, Patches]:
        """Return the patches of active lanes at tensors of the given names and sizes."""
        found = {}
        for name, size in sizes.items():
            if name in self._pairs:
                pairs = self._pairs[name]
                kept = self.going[self.lanes(pairs, size)]
                if kept.any():
                    found[name] = Patches(pairs.keys[kept], pairs.values[kept])
        return found

    def stop(self, lanes: np.ndarray) -> None:
        """Stop following some lanes."""
        self.going[lanes % self._count] = False

    def lanes(self, pairs: Patches, size: int) -> np.ndarray:
        """Return the lane of each element."""
        lanes: np.ndarray = pairs.keys // size % self._count
        return lanes
