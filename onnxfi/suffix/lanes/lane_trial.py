"""Compares batches of lanes with single runs."""

from collections.abc import Mapping, Sequence

import numpy as np

from onnxfi.suffix.golden_tensors import Tensors
from onnxfi.suffix.lanes.lane_session import LaneSession, Workspace
from onnxfi.suffix.patches import LanePatch
from onnxfi.suffix.trial import same_bits


class LaneTrial:
    """Compares batches with single runs; neighbours in a batch have different values."""

    def __init__(
        self,
        session: LaneSession,
        kinds: Sequence[Tensors],
        single: Sequence[Tensors],
        patched: Sequence[str],
    ) -> None:
        """Keep what is compared.

        Args:
            session: runs the batches.
            kinds: golden inputs, by name; lanes take turns with them.
            single: the outputs of each of them in a run of its own.
            patched: names of the inputs that patches are for.
        """
        self._session = session
        self._kinds = kinds
        self._single = single
        self._patches = [
            {name: LanePatch(np.arange(x[name].size), x[name].reshape(-1)) for name in patched}
            for x in kinds
        ]
        self._workspace = Workspace()

    def run_golden(self, lanes: int) -> dict[str, np.ndarray]:
        """Run a batch as injections have it: all lanes alike but for one."""
        patches: list[Mapping[str, LanePatch]] = [*[{}] * (lanes - 1), self._patches[1]]
        return self._session.run_patched([self._kinds[0]] * lanes, patches, self._workspace)

    def differing(self, lanes: int) -> str | None:
        """Return an output in which a lane differs from its single run, or None."""
        kinds = [x % len(self._kinds) for x in range(lanes)]
        goldens = [self._kinds[x if self._session.mixes else 0] for x in kinds]
        patches: list[Mapping[str, LanePatch]] = [self._patches[x] for x in kinds]
        if self._session.mixes:  # the lanes differ already, and patches of all of them are large
            patches[:-1] = [{}] * (lanes - 1)
        made = self._session.run_patched(goldens, patches, self._workspace)
        for name, array in made.items():
            size = len(array) // lanes if array.ndim else 0
            for lane, kind in enumerate(kinds):
                got = array[lane * size : (lane + 1) * size]
                if not size or not same_bits(got, self._single[kind][name], any_nan=True):
                    return name
        return None
