"""A model ready to run."""

from collections.abc import Mapping
from typing import Literal

import numpy as np
import onnx_ir as ir
import onnxruntime
from onnxruntime.capi import onnxruntime_pybind11_state as ort_errors

from onnxfi.errors import InputError, ModelFormatError
from onnxfi.graph import Model
from onnxfi.surgery.weights_file import WEIGHTS_FILE, large_initializers

_PROVIDERS = {
    "cpu": ["CPUExecutionProvider"],
    "cuda": ["CUDAExecutionProvider", "CPUExecutionProvider"],
}
_ERRORS_ONLY = 3
_REFUSALS = (
    ort_errors.Fail,
    ort_errors.InvalidArgument,
    ort_errors.InvalidGraph,
    ort_errors.InvalidProtobuf,
    ort_errors.NotImplemented,
    ort_errors.RuntimeException,
)


class Session:
    """An ONNX Runtime session over a model; safe to run from several threads at once.

    The weights are handed to ONNX Runtime beside the model, not copied into it, so the sessions of
    a prefix and its suffix share what they have in common.
    """

    def __init__(
        self, model: Model, *, provider: Literal["cpu", "cuda"] = "cpu", threads: int | None = None
    ) -> None:
        """Open the session.

        Args:
            model: the model; it is left as it is.
            provider: as `choose_provider` returns it.
            threads: intra-op threads; None leaves the number to ONNX Runtime.

        Raises:
            ModelFormatError: ONNX Runtime refuses the model.
        """
        options = onnxruntime.SessionOptions()
        options.log_severity_level = _ERRORS_ONLY
        if threads is not None:
            options.intra_op_num_threads = threads
        light, self._weights = _take_weights_out(model)
        options.add_external_initializers(list(self._weights), list(self._weights.values()))
        try:
            self._session = onnxruntime.InferenceSession(
                ir.serde.serialize_model(light).SerializeToString(),
                options,
                providers=_PROVIDERS[provider],
            )
        except _REFUSALS as error:
            raise ModelFormatError(
                f"ONNX Runtime must be able to run the model: {error}"
            ) from error
        self.output_names: tuple[str, ...] = tuple(x.name for x in self._session.get_outputs())

    def run(self, feeds: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Run the model and return its outputs by name.

        Raises:
            InputError: ONNX Runtime refuses the inputs.
        """
        try:
            results = self._session.run(self.output_names, feeds)
        except _REFUSALS as error:
            raise InputError(
                f"ONNX Runtime could not run the model on these inputs: {error}"
            ) from error
        return dict(zip(self.output_names, results, strict=True))


def _take_weights_out(model: Model) -> tuple[ir.Model, dict[str, onnxruntime.OrtValue]]:
    """Return a copy of the model that refers to its large weights, and these weights."""
    light = model.ir_model.clone()
    weights = {}
    for name, value in large_initializers(Model(light)).items():
        tensor = value.const_value
        if tensor is None:
            continue
        array = np.asarray(tensor.numpy())
        # ONNX Runtime takes only NumPy's own dtypes this way; the rest goes into the model.
        if array.dtype.isbuiltin != 1:
            value.const_value = ir.Tensor(array, dtype=tensor.dtype, name=name)
            continue
        weights[name] = onnxruntime.OrtValue.ortvalue_from_numpy(array)
        value.const_value = ir.ExternalTensor(
            WEIGHTS_FILE,
            0,
            tensor.nbytes,
            tensor.dtype,
            shape=ir.Shape(tensor.shape.numpy()),
            name=name,
        )
    return light, weights
