"""Runs lanes where the model runs: its first nodes repeat golden inputs and patch them."""

from collections.abc import Collection, Mapping, Sequence

import numpy as np

from onnxfi.graph import Model
from onnxfi.suffix.golden_tensors import Tensors
from onnxfi.suffix.lanes.lane_session import Workspace
from onnxfi.suffix.lanes.patched_session import PatchedSession
from onnxfi.suffix.patches import LanePatch, apply_patches
from onnxfi.suffix.run_settings import RunSettings


class DeviceLaneSession:
    """Runs a model in lanes of golden inputs that stay on the device."""

    def __init__(self, model: Model, patched: Collection[str], settings: RunSettings) -> None:
        """Open the session.

        Args:
            model: the model.
            patched: names of the inputs that are patched.
            settings: how to run.

        Raises:
            ModelFormatError: the model has no lanes, or ONNX Runtime cannot run it.
        """
        self._session = PatchedSession(
            model, patched, provider=settings.provider, threads=settings.threads
        )

    def run(self, values: Tensors) -> dict[str, np.ndarray]:
        """Run one lane on values of your own."""
        return self._session.run(values)

    @property
    def mixes(self) -> bool:
        """One golden run is on the device, and repeated there."""
        return False

    def run_patched(
        self,
        goldens: Sequence[Tensors],
        patches: Sequence[Mapping[str, LanePatch]],
        workspace: Workspace,
    ) -> dict[str, np.ndarray]:
        """Run lanes of one golden run; the patches are flat indices and values.

        Whole tensors are sent as they are, one lane after the other.
        """
        joined, golden = {}, goldens[0]
        if any(isinstance(x.place, tuple) for patch in patches for x in patch.values()):
            ran = [self.run(apply_patches(golden, patch)) for patch in patches]
            return {name: np.concatenate([x[name] for x in ran]) for name in ran[0]}
        for name in {name for patch in patches for name in patch}:
            of_lanes = {lane: patch[name] for lane, patch in enumerate(patches) if name in patch}
            patch = LanePatch.joined(of_lanes, golden[name].size)
            joined[name] = np.asarray(patch.place), patch.values
        return self._session.run(golden, joined, lanes=len(patches))
