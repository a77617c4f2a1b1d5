"""A model ready to run."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import nullcontext
from typing import Literal

import numpy as np
import onnx_ir as ir
import onnxruntime
from onnxruntime.capi import onnxruntime_pybind11_state as ort_errors

from onnxfi.converters.wrong_optimizers import WRONG_OPTIMIZERS
from onnxfi.errors import InputError, ModelFormatError
from onnxfi.graph import Model
from onnxfi.runtime.heap import large_blocks_apart
from onnxfi.runtime.ort_values import dtype_beyond_numpy, to_numpy, to_ort_value
from onnxfi.surgery.weights_file import WEIGHTS_FILE, large_initializers

_PROVIDERS = {
    "cpu": ["CPUExecutionProvider"],
    "cuda": ["CUDAExecutionProvider", "CPUExecutionProvider"],
}
# Its errors are raised as well, and thousands of injections may end in one.
_FATAL_ERRORS_ONLY = 4
# Bytes of weights from which on opening a session leaves much freed memory behind.
_HEAVY = 16 << 20
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
        self,
        model: Model,
        *,
        provider: Literal["cpu", "cuda"] = "cpu",
        threads: int | None = None,
        merge: bool = True,
        arena: bool = True,
    ) -> None:
        """Open the session.

        Args:
            model: the model; it is left as it is.
            provider: as `choose_provider` returns it.
            threads: intra-op threads; None leaves the number to ONNX Runtime.
            merge: whether ONNX Runtime may merge and rewrite nodes. If not, it runs slower, opens
                sooner, and the bits of a tensor do not depend on what else the model computes.
            arena: whether the session keeps working memory for its next run, as much as its largest
                run took; else it shares the process's.

        Raises:
            ModelFormatError: ONNX Runtime refuses the model.
        """
        options = onnxruntime.SessionOptions()
        options.log_severity_level = _FATAL_ERRORS_ONLY
        if threads is not None:
            options.intra_op_num_threads = threads
        options.enable_cpu_mem_arena = arena
        if not merge:
            options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        if _takes_scales(model):
            # Its integer kernels take for granted how the scales of a bias and its operands relate.
            options.add_session_config_entry("session.disable_quant_qdq", "1")
        light, self._weights = _take_weights_out(model)
        options.add_external_initializers(list(self._weights), list(self._weights.values()))
        content = ir.serde.serialize_model(light).SerializeToString()
        heavy = sum(x.tensor_size_in_bytes() for x in self._weights.values()) > _HEAVY
        with large_blocks_apart() if heavy else nullcontext():
            self._session = _open(content, options, _PROVIDERS[provider])
        inputs, outputs = self._session.get_inputs(), self._session.get_outputs()
        self.output_names: tuple[str, ...] = tuple(x.name for x in outputs)
        self._handed_through = {x.name for x in inputs} & set(self.output_names)
        # The dtypes that NumPy lacks, of the inputs and of the outputs that have one.
        self._input_dtypes = _dtypes_beyond_numpy(inputs)
        self._output_dtypes = _dtypes_beyond_numpy(outputs)
        if self._output_dtypes:
            # ONNX Runtime's Python API hands nothing else over on this way.
            _check_tensors_of_numbers((*inputs, *outputs))

    def run(self, feeds: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Run the model and return its outputs by name.

        A tensor is an array: of an ml_dtypes type where NumPy lacks the dtype, of objects where it
        holds strings. A sequence is a list of arrays, and an absent optional None.

        Raises:
            InputError: ONNX Runtime refuses the inputs.
        """
        try:
            if self._output_dtypes:
                results = self._run_on_ort_values(feeds)
            elif self._input_dtypes:
                wrapped = {n: to_ort_value(feeds[n], d) for n, d in self._input_dtypes.items()}
                results = self._session.run(self.output_names, {**feeds, **wrapped})
            else:
                results = self._session.run(self.output_names, feeds)
        except _REFUSALS as error:
            raise InputError(
                f"ONNX Runtime could not run the model on these inputs: {error}"
            ) from error
        outputs = dict(zip(self.output_names, results, strict=True))
        for name in self._handed_through:
            # ONNX Runtime 1.23 returns its memory and does not keep it.
            if isinstance(feeds[name], np.ndarray):
                outputs[name] = feeds[name].copy()
        return outputs

    def run_bound(
        self, kept: Mapping[str, onnxruntime.OrtValue], sent: Mapping[str, np.ndarray]
    ) -> dict[str, np.ndarray]:
        """Run the model on tensors that are on its device, and on others that are sent there.

        Args:
            kept: inputs on the device, by name.
            sent: the other inputs, by name; C-contiguous arrays of NumPy's own dtypes.

        Raises:
            InputError: ONNX Runtime refuses an input.
        """
        binding = self._session.io_binding()
        try:
            for name, value in kept.items():
                binding.bind_ortvalue_input(name, value)
            for name, array in sent.items():
                binding.bind_cpu_input(name, array)
            for name in self.output_names:
                binding.bind_output(name)
            self._session.run_with_iobinding(binding)
        except _REFUSALS as error:
            raise InputError(
                f"ONNX Runtime could not run the model on these inputs: {error}"
            ) from error
        return dict(zip(self.output_names, binding.copy_outputs_to_cpu(), strict=True))

    def _run_on_ort_values(self, feeds: Mapping[str, np.ndarray]) -> list[np.ndarray]:
        values = {name: to_ort_value(x, self._input_dtypes.get(name)) for name, x in feeds.items()}
        results = self._session.run_with_ort_values(self.output_names, values)
        return [
            to_numpy(value, self._output_dtypes.get(name))
            for name, value in zip(self.output_names, results, strict=True)
        ]


def _takes_scales(model: Model) -> bool:
    """Return whether an input is the scale or the zero point of a quantisation."""
    return any(
        value in model.graph.inputs
        for node in model.graph
        if node.op_type in ("QuantizeLinear", "DequantizeLinear")
        for value in node.inputs[1:]
    )


def _open(
    content: bytes, options: onnxruntime.SessionOptions, providers: Sequence[str]
) -> onnxruntime.InferenceSession:
    try:
        return onnxruntime.InferenceSession(
            content, options, providers=providers, disabled_optimizers=[*WRONG_OPTIMIZERS]
        )
    except _REFUSALS:
        # An optimization may fail where the kernels do not, such as those for int8 on float8.
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    try:
        return onnxruntime.InferenceSession(content, options, providers=providers)
    except _REFUSALS as error:
        raise ModelFormatError(f"ONNX Runtime must be able to run the model: {error}") from error


def _dtypes_beyond_numpy(arguments: Iterable[onnxruntime.NodeArg]) -> dict[str, ir.DataType]:
    found = {x.name: dtype_beyond_numpy(x.type) for x in arguments}
    return {name: dtype for name, dtype in found.items() if dtype is not None}


def _check_tensors_of_numbers(arguments: Iterable[onnxruntime.NodeArg]) -> None:
    for x in arguments:
        if not x.type.startswith("tensor(") or x.type == "tensor(string)":
            raise ModelFormatError(
                "Where a tensor has a dtype that NumPy lacks, only tensors of numbers can cross "
                f"beside it, got {x.name!r} of type {x.type}. Choose another target."
            )


def _take_weights_out(model: Model) -> tuple[ir.Model, dict[str, onnxruntime.OrtValue]]:
    """Return a copy of the model that refers to its large weights, and these weights."""
    light = model.ir_model.clone()
    weights = {}
    for name, value in large_initializers(Model(light)).items():
        tensor = value.const_value
        if tensor is None:
            continue
        array = np.asarray(tensor.numpy())
        dtype = tensor.dtype if array.dtype.isbuiltin != 1 else None
        weights[name] = to_ort_value(array, dtype)
        value.const_value = ir.ExternalTensor(
            WEIGHTS_FILE,
            0,
            tensor.nbytes,
            tensor.dtype,
            shape=ir.Shape(tensor.shape.numpy()),
            name=name,
        )
    return light, weights
