"""Opens a model with ONNX Runtime, in this process or in a child.

This module does not import the graph package, so that a child process starts quickly.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Literal

import numpy as np
import onnxruntime
from onnxruntime.capi import onnxruntime_pybind11_state as ort_errors

from onnxfi.converters import DISABLED_OPTIMIZERS
from onnxfi.errors import InputError, ModelFormatError
from onnxfi.runtime.heap import large_blocks_apart
from onnxfi.runtime.ort_values import (
    DtypeBeyondNumpy,
    dtype_beyond_numpy,
    dtype_of_number,
    to_numpy,
    to_ort_value,
)

_PROVIDERS = {
    "cpu": ["CPUExecutionProvider"],
    "cuda": ["CUDAExecutionProvider", "CPUExecutionProvider"],
}
# ONNX Runtime also raises the errors that it logs, and thousands of injections may fail.
_FATAL_ERRORS_ONLY = 4
# Bytes of weights. Beyond that, opening a session leaves much freed memory behind.
_HEAVY = 16 << 20
_REFUSALS = (
    ort_errors.Fail,
    ort_errors.InvalidArgument,
    ort_errors.InvalidGraph,
    ort_errors.InvalidProtobuf,
    ort_errors.NotImplemented,
    ort_errors.RuntimeException,
)


@dataclass(frozen=True, eq=False, slots=True)
class PreparedModel:
    """A model that is ready to be opened, also by another process.

    Attributes:
        content: the serialised model, without its large weights.
        weights: the large weights by name, each with ONNX's number for its dtype.
        provider: as `onnxfi.runtime.choose_provider` returns it.
        threads: intra-op threads; None leaves the number to ONNX Runtime.
        merge: whether ONNX Runtime may merge and rewrite nodes.
        arena: whether the session keeps working memory for its next run.
        profile: the beginning of the path of a profile to write; None writes none.
    """

    content: bytes
    weights: Mapping[str, tuple[np.ndarray, int]]
    provider: Literal["cpu", "cuda"]
    threads: int | None
    merge: bool
    arena: bool
    profile: str | None = None


class OpenedModel:
    """An ONNX Runtime session; safe to run from several threads at once."""

    def __init__(self, prepared: PreparedModel) -> None:
        """Open the session.

        Raises:
            ModelFormatError: ONNX Runtime refuses the model.
        """
        options = onnxruntime.SessionOptions()
        options.log_severity_level = _FATAL_ERRORS_ONLY
        if prepared.threads is not None:
            options.intra_op_num_threads = prepared.threads
        options.enable_cpu_mem_arena = prepared.arena
        if prepared.profile is not None:
            options.enable_profiling = True
            options.profile_file_prefix = prepared.profile
        if not prepared.merge:
            options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        self._weights = {
            name: to_ort_value(array, dtype_of_number(number))
            for name, (array, number) in prepared.weights.items()
        }
        options.add_external_initializers(list(self._weights), list(self._weights.values()))
        heavy = sum(x.tensor_size_in_bytes() for x in self._weights.values()) > _HEAVY
        with large_blocks_apart() if heavy else nullcontext():
            self._session = _open(prepared.content, options, _PROVIDERS[prepared.provider])
        inputs, outputs = self._session.get_inputs(), self._session.get_outputs()
        self.output_names: tuple[str, ...] = tuple(x.name for x in outputs)
        self._handed_through = {x.name for x in inputs} & set(self.output_names)
        # The inputs and outputs with dtypes that NumPy lacks.
        self._input_dtypes = _dtypes_beyond_numpy(inputs)
        self._output_dtypes = _dtypes_beyond_numpy(outputs)
        if self._output_dtypes:
            # ONNX Runtime's Python API supports nothing else together with such outputs.
            _check_tensors_of_numbers((*inputs, *outputs))

    def run(self, feeds: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Run the model and return its outputs by name.

        A tensor is an array, of an ml_dtypes type if NumPy lacks the dtype, or of objects if it
        holds strings. A sequence is a list of arrays, and an absent optional is None.

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
            raise _refused_inputs(error) from error
        outputs = dict(zip(self.output_names, results, strict=True))
        for name in self._handed_through:
            # ONNX Runtime 1.23 returns the input's memory without keeping it alive.
            if isinstance(feeds[name], np.ndarray):
                outputs[name] = feeds[name].copy()
        return outputs

    def end_profile(self) -> str:
        """End the profile, and return the path of its file."""
        return str(self._session.end_profiling())

    def run_bound(
        self, kept: Mapping[str, onnxruntime.OrtValue], sent: Mapping[str, np.ndarray]
    ) -> dict[str, np.ndarray]:
        """Run the model on tensors that are on its device, and on arrays that are copied there.

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
            raise _refused_inputs(error) from error
        return dict(zip(self.output_names, binding.copy_outputs_to_cpu(), strict=True))

    def _run_on_ort_values(self, feeds: Mapping[str, np.ndarray]) -> list[np.ndarray]:
        values = {name: to_ort_value(x, self._input_dtypes.get(name)) for name, x in feeds.items()}
        results = self._session.run_with_ort_values(self.output_names, values)
        return [
            to_numpy(value, self._output_dtypes.get(name))
            for name, value in zip(self.output_names, results, strict=True)
        ]


def _open(
    content: bytes, options: onnxruntime.SessionOptions, providers: Sequence[str]
) -> onnxruntime.InferenceSession:
    try:
        return onnxruntime.InferenceSession(
            content, options, providers=providers, disabled_optimizers=[*DISABLED_OPTIMIZERS]
        )
    except _REFUSALS:
        # An optimisation may fail although the kernels work, such as an int8 fusion on float8.
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    try:
        return onnxruntime.InferenceSession(content, options, providers=providers)
    except _REFUSALS as error:
        raise ModelFormatError(
            f"ONNX Runtime must be able to run the model: {_on_one_line(error)}"
        ) from error


def _refused_inputs(error: Exception) -> InputError:
    return InputError(
        f"ONNX Runtime could not run the model on these inputs: {_on_one_line(error)}"
    )


def _on_one_line(error: Exception) -> str:
    """Return what ONNX Runtime said: some of its messages have several lines."""
    return " ".join(str(error).split())


def _dtypes_beyond_numpy(arguments: Iterable[onnxruntime.NodeArg]) -> dict[str, DtypeBeyondNumpy]:
    found = {x.name: dtype_beyond_numpy(x.type) for x in arguments}
    return {name: dtype for name, dtype in found.items() if dtype is not None}


def _check_tensors_of_numbers(arguments: Iterable[onnxruntime.NodeArg]) -> None:
    for x in arguments:
        if not x.type.startswith("tensor(") or x.type == "tensor(string)":
            raise ModelFormatError(
                "Beside a tensor whose dtype NumPy lacks, only tensors of numbers can cross the "
                f"split, got {x.name!r} of type {x.type}. Choose another target."
            )
