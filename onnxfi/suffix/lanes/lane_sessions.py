"""Sessions that run patched copies of golden inputs as one batch, in main memory or on a device."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

import numpy as np

from onnxfi.graph import Model
from onnxfi.runtime import Session
from onnxfi.suffix import LanePatch
from onnxfi.suffix.lanes.patched_session import PatchedSession
from onnxfi.suffix.trial import have_same_bits


@dataclass(slots=True)
class Workspace:
    """Golden inputs in lanes, kept from one batch to the next; for one thread.

    Attributes:
        lanes: the inputs of several lanes one after the other, by name.
        owners: for each input the golden tensor that is in each lane.
    """

    lanes: dict[str, np.ndarray] = field(default_factory=dict)
    owners: dict[str, list[np.ndarray]] = field(default_factory=dict)


class LaneSession(Protocol):
    """Runs a model in lanes; safe to use from several threads at once."""

    def run(self, values: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Run one lane on values of your own and return its outputs by name.

        Args:
            values: the inputs by name, maybe among others.

        Raises:
            InputError: ONNX Runtime refuses a value.
        """

    @property
    def mixes(self) -> bool:
        """Whether the lanes of a batch may belong to different golden runs."""

    def run_patched(
        self,
        goldens: Sequence[Mapping[str, np.ndarray]],
        patches: Sequence[Mapping[str, LanePatch]],
        workspace: Workspace,
    ) -> dict[str, np.ndarray]:
        """Run lanes and return the outputs by name, those of all lanes one after the other.

        Args:
            goldens: for each lane the golden inputs by name, maybe among others.
            patches: what differs from golden in each lane.
            workspace: empty at first, and then the same.

        Raises:
            InputError: ONNX Runtime refuses a value.
        """


class HostLaneSession:
    """Keeps the lanes in main memory: a patch is written there, and undone after the run."""

    def __init__(
        self, model: Model, *, provider: Literal["cpu", "cuda"], threads: int | None
    ) -> None:
        """Open the session.

        Raises:
            ModelFormatError: ONNX Runtime cannot run the model.
        """
        self._session = Session(model, provider=provider, threads=threads)
        self._inputs = tuple(value.name or "" for value in model.graph.inputs)

    def run(self, values: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Run one lane on values of your own."""
        return self._session.run({name: values[name] for name in self._inputs})

    @property
    def mixes(self) -> bool:
        """Each lane is written by itself."""
        return True

    def run_patched(
        self,
        goldens: Sequence[Mapping[str, np.ndarray]],
        patches: Sequence[Mapping[str, LanePatch]],
        workspace: Workspace,
    ) -> dict[str, np.ndarray]:
        """Run lanes."""
        batch = {name: _in_lanes(name, goldens, workspace) for name in self._inputs}
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


def _in_lanes(
    name: str, goldens: Sequence[Mapping[str, np.ndarray]], workspace: Workspace
) -> np.ndarray:
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


class DeviceLaneSession:
    """Keeps the golden inputs on the device, where nodes of the model repeat and patch them."""

    def __init__(
        self,
        model: Model,
        patched: Collection[str],
        *,
        provider: Literal["cpu", "cuda"],
        threads: int | None,
    ) -> None:
        """Open the session.

        Args:
            model: the model.
            patched: names of the inputs that are patched.
            provider: as `onnxfi.runtime.choose_provider` returns it.
            threads: intra-op threads; None leaves the number to ONNX Runtime.

        Raises:
            ModelFormatError: the model has no lanes, or ONNX Runtime cannot run it.
        """
        self._session = PatchedSession(model, patched, provider=provider, threads=threads)

    def run(self, values: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Run one lane on values of your own."""
        return self._session.run(values)

    @property
    def mixes(self) -> bool:
        """One golden run is on the device, and repeated there."""
        return False

    def run_patched(
        self,
        goldens: Sequence[Mapping[str, np.ndarray]],
        patches: Sequence[Mapping[str, LanePatch]],
        workspace: Workspace,
    ) -> dict[str, np.ndarray]:
        """Run lanes of one golden run; the patches are flat indices and values."""
        joined, golden = {}, goldens[0]
        for name in {name for patch in patches for name in patch}:
            of_lanes = {lane: patch[name] for lane, patch in enumerate(patches) if name in patch}
            patch = LanePatch.joined(of_lanes, golden[name].size)
            joined[name] = np.asarray(patch.place), patch.values
        return self._session.run(golden, joined, lanes=len(patches))


class LaneTrial:
    """Compares batches with single runs; neighbours in a batch have different values."""

    def __init__(
        self,
        session: LaneSession,
        kinds: Sequence[Mapping[str, np.ndarray]],
        alone: Sequence[Mapping[str, np.ndarray]],
        patched: Sequence[str],
    ) -> None:
        """Keep what is compared.

        Args:
            session: runs the batches.
            kinds: golden inputs, by name; lanes take turns with them.
            alone: what comes of each of them alone.
            patched: names of the inputs that patches are for.
        """
        self._session = session
        self._kinds = kinds
        self._alone = alone
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
        """Return an output in which a lane has other bits than alone; None where there is none."""
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
                if not size or not have_same_bits(got, self._alone[kind][name]):
                    return name
        return None


def _lane(batch: np.ndarray, lane: int, lanes: int) -> np.ndarray:
    if lanes == 1:
        return batch  # maybe without an axis
    each = len(batch) // lanes
    return batch[lane * each : (lane + 1) * each]
