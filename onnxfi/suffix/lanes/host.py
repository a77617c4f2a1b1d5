"""Runs lanes in main memory: patches are written there, and undone after the run."""

from collections.abc import Collection, Iterator, Mapping, Sequence

import numpy as np

from onnxfi.graph import Model
from onnxfi.suffix.golden_tensors import Tensors
from onnxfi.suffix.lanes.lane_session import Workspace
from onnxfi.suffix.patches import LanePatch
from onnxfi.suffix.run_settings import RunSettings


class HostLaneSession:
    """Runs a model in lanes that are kept in main memory."""

    def __init__(
        self, model: Model, settings: RunSettings, *, shared: Collection[str] = ()
    ) -> None:
        """Open the session.

        Args:
            model: the model.
            settings: how to run.
            shared: names of inputs that have no lanes, such as weights.

        Raises:
            ModelFormatError: ONNX Runtime cannot run the model.
        """
        self._session = settings.open(model)
        self._inputs = tuple(value.name or "" for value in model.graph.inputs)
        self._shared = tuple(x for x in self._inputs if x in shared)
        self._in_lanes = tuple(x for x in self._inputs if x not in shared)

    def run(self, values: Tensors) -> dict[str, np.ndarray]:
        """Run one lane on values of your own."""
        return self._session.run({name: values[name] for name in self._inputs})

    @property
    def mixes(self) -> bool:
        """Each lane is written by itself."""
        return True

    def run_patched(
        self,
        goldens: Sequence[Tensors],
        patches: Sequence[Mapping[str, LanePatch]],
        workspace: Workspace,
    ) -> dict[str, np.ndarray]:
        """Run lanes."""
        batch = {name: _in_lanes(name, goldens, workspace) for name in self._in_lanes}
        batch |= {name: goldens[0][name] for name in self._shared}
        undoing: list[tuple[np.ndarray, LanePatch]] = []
        try:
            for tensor, patch in _placed(patches, batch):
                undoing.append((tensor, patch.swap(tensor)))
            return self._session.run(batch)
        finally:
            for tensor, patch in undoing:
                patch.write(tensor)


def _placed(
    patches: Sequence[Mapping[str, LanePatch]], batch: Mapping[str, np.ndarray]
) -> Iterator[tuple[np.ndarray, LanePatch]]:
    """Yield the patches of the lanes of a batch with what each is for: as few as may be."""
    count = len(patches)
    if count == 1:
        yield from ((batch[name], patch) for name, patch in patches[0].items())
        return
    for name in dict.fromkeys(name for of_lane in patches for name in of_lane):
        of_lanes = {lane: x[name] for lane, x in enumerate(patches) if name in x}
        if all(isinstance(x.place, np.ndarray) for x in of_lanes.values()):
            yield batch[name], LanePatch.joined(of_lanes, batch[name].size // count)
        else:
            yield from ((_lane(batch[name], lane, count), x) for lane, x in of_lanes.items())


def _in_lanes(name: str, goldens: Sequence[Tensors], workspace: Workspace) -> np.ndarray:
    """Return an input of some golden runs, one after the other along its first axis."""
    count, first = len(goldens), goldens[0][name]
    owners = workspace.owners.get(name, [])
    if count == len(owners) == 1 and owners[0] is first:
        return workspace.lanes[name]
    wanted = [golden[name] for golden in goldens]
    if not isinstance(first, np.ndarray):  # a sequence or an optional, which no patch is for
        return first
    array = workspace.lanes.get(name)
    if array is None or len(owners) < count or owners[0].shape != first.shape:
        array = np.concatenate(wanted) if count > 1 else first.copy(order="C")
        workspace.lanes[name], workspace.owners[name] = array, wanted
        return array
    for lane, (owner, tensor) in enumerate(zip(owners, wanted, strict=False)):
        if owner is not tensor:
            _lane(array, lane, len(owners))[...] = tensor
            owners[lane] = tensor
    return array if len(owners) == count else array[: count * len(first)]


def _lane(batch: np.ndarray, lane: int, lanes: int) -> np.ndarray:
    if lanes == 1:
        return batch  # maybe without an axis
    each = len(batch) // lanes
    return batch[lane * each : (lane + 1) * each]
