"""Sessions that run patched copies of golden inputs as one batch, in main memory or on a device."""

from collections.abc import Collection, Mapping, Sequence
from typing import Literal, Protocol

import numpy as np

from onnxfi.graph import Model
from onnxfi.propagation import LanePatch
from onnxfi.runtime import PatchedSession, Session

#: The golden inputs in lanes, by name: kept from one batch to the next of the same golden run.
Workspace = dict[str, np.ndarray]


class LaneSession(Protocol):
    """Runs a model in lanes; safe to use from several threads at once."""

    def run(self, values: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Run one lane on values of your own and return its outputs by name.

        Args:
            values: the inputs by name, maybe among others.

        Raises:
            InputError: ONNX Runtime refuses a value.
        """

    def run_patched(
        self,
        golden: Mapping[str, np.ndarray],
        patches: Sequence[Mapping[str, LanePatch]],
        workspace: Workspace,
    ) -> dict[str, np.ndarray]:
        """Run lanes and return the outputs by name, those of all lanes one after the other.

        Args:
            golden: the golden inputs by name, maybe among others.
            patches: what differs from golden in each lane.
            workspace: empty for the first batch of a golden run, and then the same; for one thread.

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

    def run_patched(
        self,
        golden: Mapping[str, np.ndarray],
        patches: Sequence[Mapping[str, LanePatch]],
        workspace: Workspace,
    ) -> dict[str, np.ndarray]:
        """Run lanes."""
        count = len(patches)
        batch = {name: self._lanes(name, golden[name], count, workspace) for name in self._inputs}
        written = [
            (name, patch, _lane(batch[name], lane, count))
            for lane, of_lane in enumerate(patches)
            for name, patch in of_lane.items()
        ]
        try:
            for _, patch, tensor in written:
                patch.write(tensor)
            return self._session.run(batch)
        finally:
            for name, patch, tensor in written:
                patch.undo(tensor, golden[name])

    def _lanes(self, name: str, golden: np.ndarray, count: int, workspace: Workspace) -> np.ndarray:
        """Return a golden input as often as said, one after the other along its first axis."""
        array = workspace.get(name)
        if not isinstance(golden, np.ndarray):  # a sequence or an optional, which no patch is for
            return golden
        if array is None or array.size < count * golden.size:
            copies = [golden] * count
            array = np.concatenate(copies) if count > 1 else golden.copy(order="C")
            workspace[name] = array
        return array if array.size == count * golden.size else array[: count * len(golden)]


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

    def run_patched(
        self,
        golden: Mapping[str, np.ndarray],
        patches: Sequence[Mapping[str, LanePatch]],
        workspace: Workspace,
    ) -> dict[str, np.ndarray]:
        """Run lanes; the patches are flat indices and values."""
        joined = {}
        for name in {name for patch in patches for name in patch}:
            of_lanes = [(lane, patch[name]) for lane, patch in enumerate(patches) if name in patch]
            size = golden[name].size
            indices = [np.asarray(patch.place) + lane * size for lane, patch in of_lanes]
            values = [patch.values for _, patch in of_lanes]
            joined[name] = np.concatenate(indices), np.concatenate(values)
        return self._session.run(golden, joined, lanes=len(patches))


def _lane(batch: np.ndarray, lane: int, lanes: int) -> np.ndarray:
    if lanes == 1:
        return batch  # maybe without an axis
    each = len(batch) // lanes
    return batch[lane * each : (lane + 1) * each]
