"""Runs a session that patches golden tensors on the device."""

from collections.abc import Collection, Mapping
from typing import Literal

import numpy as np
import onnxruntime

from onnxfi.graph import Model
from onnxfi.runtime import Session
from onnxfi.suffix.lanes.patch_head import LANES, indices_name, values_name, with_patch_head


class PatchedSession:
    """Runs a model in lanes that are patched copies of golden inputs.

    The golden inputs are brought to the device once and stay there; only indices and values travel.
    Safe to use from several threads at once.
    """

    def __init__(
        self,
        model: Model,
        patched: Collection[str],
        *,
        provider: Literal["cpu", "cuda"],
        threads: int | None = None,
    ) -> None:
        """Open the session.

        Args:
            model: the model; it is left as it is. With a fixed batch it runs one lane only.
            patched: names of the inputs that are patched.
            provider: as `onnxfi.runtime.choose_provider` returns it.
            threads: intra-op threads; None leaves the number to ONNX Runtime.

        Raises:
            ModelFormatError: lanes cannot be made of the model's inputs, or ONNX Runtime refuses
                the model.
        """
        self._session = Session(with_patch_head(model, patched), provider=provider, threads=threads)
        self._inputs = tuple(value.name or "" for value in model.graph.inputs)
        self._dtypes = {
            value.name or "": value.dtype.numpy()
            for value in model.graph.inputs
            if value.name in patched and value.dtype is not None
        }
        self._provider = provider
        self._kept: dict[str, tuple[np.ndarray, onnxruntime.OrtValue]] = {}

    def run(
        self,
        golden: Mapping[str, np.ndarray],
        patches: Mapping[str, tuple[np.ndarray, np.ndarray]] | None = None,
        *,
        lanes: int = 1,
    ) -> dict[str, np.ndarray]:
        """Run the model and return its outputs by name, those of all lanes one after the other.

        Args:
            golden: the golden inputs of one lane by name, maybe among others.
            patches: for each patched tensor flat indices into all lanes, int64 of shape (K,), and
                the values there.
            lanes: number of lanes.

        Raises:
            InputError: ONNX Runtime refuses a value.
        """
        sent = {LANES: np.array([lanes], np.int64)}
        for name, dtype in self._dtypes.items():
            nothing = (np.empty(0, np.int64), np.empty(0, dtype))
            indices, values = (patches or {}).get(name, nothing)
            sent |= {indices_name(name): indices, values_name(name): values}
        kept = {name: self._on_device(name, golden[name]) for name in self._inputs}
        return self._session.run_bound(kept, sent)

    def _on_device(self, name: str, array: np.ndarray) -> onnxruntime.OrtValue:
        known = self._kept.get(name)
        if known is None or known[0] is not array:
            contiguous = np.ascontiguousarray(array).reshape(array.shape)
            value = onnxruntime.OrtValue.ortvalue_from_numpy(contiguous, self._provider, 0)
            known = self._kept[name] = (array, value)
        return known[1]
