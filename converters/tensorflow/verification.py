"""Compares a converted model with its source, which its own framework runs in a child process."""

import tempfile
from collections.abc import Iterator, Set
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from onnxfi.converters.disabled_optimizers import DISABLED_OPTIMIZERS
from onnxfi.converters.keras_files.whole_model import write_whole_model
from onnxfi.converters.safety.source_dangers import require_safe
from onnxfi.converters.tensorflow.limits import Limits
from onnxfi.converters.tensorflow.process import run_child
from onnxfi.errors import ConversionMismatchError

_BATCHES = (1, 3)
_UNKNOWN_SIZE = 32  # size of a free axis of the model


def verify(
    source: Path,
    model: onnx.ModelProto,
    *,
    architecture: Path | None = None,
    seed: int = 0,
    unsafe: bool = False,
    limits: Limits | None = None,
) -> float:
    """Return the largest difference between a converted model and its source.

    Keras runs eagerly: a traced Keras is not always right. The inputs are normally distributed,
    in batches of 1 and 3 if the batch is free.

    Args:
        source: the .h5 file, .keras file or SavedModel folder that was converted.
        model: the converted model.
        architecture: JSON of ``model.to_json()``, for a .h5 that holds weights only.
        seed: seed of the random inputs.
        unsafe: execute code that the source contains.
        limits: limits beyond which the framework is stopped.

    Returns:
        The largest absolute difference of any output value. NaN on both sides is no difference.

    Raises:
        ConversionMismatchError: the outputs differ in number or in shape, or one side alone is
            NaN.
        MissingExtraError: the extra ``keras`` is not installed.
        ModelFormatError: Keras fails on the source, or the source needs ``unsafe``.
    """
    with tempfile.TemporaryDirectory() as folder:
        if architecture is not None:
            source = write_whole_model(source, architecture, Path(folder))
        return max(
            difference
            for difference, _ in _differences(source, model, seed, unsafe, limits or Limits())
        )


def require_agreement(
    source: Path, model: onnx.ModelProto, *, tolerance: float, unsafe: bool, limits: Limits
) -> float:
    """Refuse a converted model that differs from its source.

    Args:
        source: the source that was converted.
        model: the converted model.
        tolerance: largest difference, relative to the largest value of an output.
        unsafe: execute code that the source contains.
        limits: limits beyond which the framework is stopped.

    Returns:
        The largest absolute difference of any output value.

    Raises:
        ConversionMismatchError: an output differs by more.
    """
    differences = _differences(source, model, 0, unsafe, limits)
    for i, (difference, scale) in enumerate(differences):
        if difference > tolerance * scale:
            raise ConversionMismatchError(
                f"A converted model must agree with Keras to {tolerance:g} of its largest output, "
                f"but on {source} comparison {i} differs by {difference:g} with values up to "
                f"{scale:g}. Do not use this conversion; use --route native."
            )
    return max(difference for difference, _ in differences)


def _differences(
    source: Path, model: onnx.ModelProto, seed: int, unsafe: bool, limits: Limits
) -> list[tuple[float, float]]:
    """Return (largest difference, largest value) of each output at each batch size."""
    require_safe(source, unsafe=unsafe)
    session = _session(model)
    names = [value.name for value in session.get_inputs()]
    whole = {node.input[0] for node in model.graph.node if node.op_type == "Cast"}
    arrays = _random_inputs(session.get_inputs(), whole, np.random.default_rng(seed))
    expected = _outputs(source, arrays, unsafe, limits)
    result = []
    for batch in _BATCHES:
        inputs = {name: arrays[f"{batch}/{i}"] for i, name in enumerate(names)}
        with _running():
            outputs = session.run(None, inputs)
        wanted = [value for key, value in expected.items() if key.startswith(f"{batch}/")]
        if [x.shape for x in outputs] != [x.shape for x in wanted]:
            raise ConversionMismatchError(
                f"A converted model must have the outputs of its source, of shapes "
                f"{[x.shape for x in wanted]}, got {[x.shape for x in outputs]}. "
                "Do not use this conversion; please report it."
            )
        result += [_difference(*pair) for pair in zip(outputs, wanted, strict=True)]
    return result


def _session(model: onnx.ModelProto) -> Any:
    # Imported here only, because nothing else in the package runs a model.
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # the error reports problems
    with _running():
        return onnxruntime.InferenceSession(
            model.SerializeToString(),
            options,
            providers=["CPUExecutionProvider"],
            disabled_optimizers=[*DISABLED_OPTIMIZERS],
        )


@contextmanager
def _running() -> Iterator[None]:
    """Turn the errors of ONNX Runtime inside the block into a ConversionMismatchError."""
    from onnxruntime.capi import onnxruntime_pybind11_state as errors

    try:
        yield
    except (
        *(errors.Fail, errors.InvalidArgument, errors.InvalidGraph),
        *(errors.NotImplemented, errors.RuntimeException),
    ) as error:
        raise ConversionMismatchError(
            "A converted model must run in ONNX Runtime, but it says: "
            f"{str(error).strip().splitlines()[0]}. Do not use this conversion; please report it."
        ) from error


def _random_inputs(
    declared: list[Any], whole: Set[str], rng: np.random.Generator
) -> dict[str, Any]:
    """Return an array for each input; integers, and inputs in `whole`, are small whole numbers."""
    arrays = {}
    for batch in _BATCHES:
        for i, value in enumerate(declared):
            shape = [x if isinstance(x, int) else _UNKNOWN_SIZE for x in value.shape]
            if shape and not isinstance(value.shape[0], int):
                shape[0] = batch
            name = value.type.removeprefix("tensor(").removesuffix(")")
            dtype = np.dtype("float32" if name == "float" else name)
            array: NDArray[Any]
            if dtype.kind == "f" and value.name not in whole:
                array = rng.normal(size=shape)
            elif dtype in (np.int8, np.uint8):  # quantised
                array = rng.integers(np.iinfo(dtype).min, np.iinfo(dtype).max, shape)
            else:
                array = rng.integers(0, 2, shape)
            arrays[f"{batch}/{i}"] = np.asarray(array, dtype)
    return arrays


def _outputs(source: Path, arrays: dict[str, Any], unsafe: bool, limits: Limits) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="onnxfi-") as folder:
        inputs, outputs = Path(folder, "inputs.npz"), Path(folder, "outputs.npz")
        np.savez(inputs, **arrays)
        options = ["--unsafe"] if unsafe else []
        run_child("predict", source, [inputs, outputs], options, limits=limits)
        with np.load(outputs) as stored:
            return {key: stored[key] for key in stored}


def _difference(actual: NDArray[Any], expected: NDArray[Any]) -> tuple[float, float]:
    actual, expected = actual.astype(np.float64), expected.astype(np.float64)
    missing = np.isnan(expected)
    if not np.array_equal(missing, np.isnan(actual)):
        raise ConversionMismatchError(
            "A converted model must be NaN where Keras is, got NaN on one side only. "
            "Do not use this conversion; please report it."
        )
    equal = missing | (actual == expected)  # equal infinities have no difference
    differences = np.abs(np.where(equal, 0, actual) - np.where(equal, 0, expected))
    scale = np.abs(np.where(missing, 0, expected)).max(initial=0.0)
    return float(differences.max(initial=0.0)), float(scale)
