"""Runs lanes where the model runs: its first nodes repeat golden inputs and patch them."""

from collections.abc import Collection, Mapping, Sequence

import numpy as np
import onnxruntime

from onnxfi.graph import Model
from onnxfi.suffix.golden_tensors import Tensors
from onnxfi.suffix.lanes.lane_session import Workspace
from onnxfi.suffix.lanes.patch_head import LANES, indices_name, values_name, with_patch_head
from onnxfi.suffix.patches import LanePatch, apply_patches
from onnxfi.suffix.run_settings import RunSettings


class DeviceLaneSession:
    """Runs a model in lanes that are patched copies of golden inputs.

    The golden inputs are brought to the device once and stay there; only indices and values travel.
    """

    def __init__(self, model: Model, patched: Collection[str], settings: RunSettings) -> None:
        """Open the session.

        Args:
            model: the model. With a fixed batch it runs one lane only.
            patched: names of the inputs that are patched.
            settings: how to run.

        Raises:
            ModelFormatError: the model has no lanes, or ONNX Runtime cannot run it.
        """
        self._session = settings.open(with_patch_head(model, patched))
        self._inputs = tuple(value.name or "" for value in model.graph.inputs)
        self._dtypes = {
            value.name or "": value.dtype.numpy()
            for value in model.graph.inputs
            if value.name in patched and value.dtype is not None
        }
        self._provider = settings.provider
        self._kept: dict[str, tuple[np.ndarray, onnxruntime.OrtValue]] = {}

    def run(self, values: Tensors) -> dict[str, np.ndarray]:
        """Run one lane on values of your own."""
        return self._run(values, [{}])

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
        golden = goldens[0]
        if any(isinstance(x.place, tuple) for patch in patches for x in patch.values()):
            ran = [self.run(apply_patches(golden, patch)) for patch in patches]
            return {name: np.concatenate([x[name] for x in ran]) for name in ran[0]}
        return self._run(golden, patches)

    def _run(
        self, golden: Tensors, patches: Sequence[Mapping[str, LanePatch]]
    ) -> dict[str, np.ndarray]:
        sent = {LANES: np.array([len(patches)], np.int64)}
        for name, dtype in self._dtypes.items():
            of_lanes = {lane: patch[name] for lane, patch in enumerate(patches) if name in patch}
            joined = LanePatch(np.empty(0, np.int64), np.empty(0, dtype))
            if of_lanes:
                joined = LanePatch.joined(of_lanes, golden[name].size)
            sent |= {indices_name(name): np.asarray(joined.place), values_name(name): joined.values}
        kept = {name: self._on_device(name, golden[name]) for name in self._inputs}
        return self._session.run_bound(kept, sent)

    def _on_device(self, name: str, array: np.ndarray) -> onnxruntime.OrtValue:
        known = self._kept.get(name)
        if known is None or known[0] is not array:
            contiguous = np.ascontiguousarray(array).reshape(array.shape)
            value = onnxruntime.OrtValue.ortvalue_from_numpy(contiguous, self._provider, 0)
            known = self._kept[name] = (array, value)
        return known[1]
