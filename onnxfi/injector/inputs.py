"""Checks the inputs that a user feeds."""

from collections.abc import Mapping

import numpy as np

from onnxfi.errors import InputError
from onnxfi.graph import Model, format_shape
from onnxfi.onnx_ir import ir
from onnxfi.runtime import aligned


def check_inputs(model: Model, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return the inputs as C-contiguous arrays, if they are what the model takes.

    An input that has a default, such as that of a saboteur, may be left out.

    Raises:
        InputError: an input is missing, unknown, or of another shape or dtype.
    """
    expected = {value.name or "": value for value in model.graph.inputs}
    for name in inputs:
        if name not in expected:
            raise InputError(
                f"Every input must be one of the model's ({', '.join(map(repr, expected))}), "
                f"got {name!r}."
            )
    checked = {}
    for name, value in expected.items():
        if name not in inputs and value.const_value is not None:  # its default
            checked[name] = aligned(value.const_value.numpy())
            continue
        if name not in inputs:
            raise InputError(
                f"The model takes the inputs {', '.join(map(repr, expected))}, "
                f"and {name!r} was not given."
            )
        if not isinstance(value.type, ir.TensorType):  # a sequence or an optional
            checked[name] = inputs[name]
            continue
        array = np.asarray(inputs[name])
        check_tensor(value, array.shape, array.dtype)
        if value.dtype is not None:
            array = _of_dtype(array, value.dtype.numpy())
        checked[name] = aligned(np.ascontiguousarray(array).reshape(array.shape))
    return checked


def check_tensor(value: ir.Value, shape: tuple[int, ...], dtype: np.dtype) -> None:
    """Check that a graph input takes arrays of a shape and a dtype.

    Raises:
        InputError: it does not.
    """
    if not isinstance(value.type, ir.TensorType):  # a sequence or an optional
        return
    wanted = None if value.shape is None else tuple(value.shape)
    if wanted is not None and not shape_fits(shape, wanted):
        raise InputError(
            f"The input {value.name!r} must have the shape {format_shape(wanted)}, "
            f"got {format_shape(shape)}."
        )
    if value.dtype is not None and not _dtype_fits(dtype, value.dtype):
        expected = str(value.dtype.numpy())
        advice = (
            "Text must be an array of str."
            if value.dtype == ir.DataType.STRING
            else f"Convert it with .astype({expected!r})."
        )
        raise InputError(f"The input {value.name!r} must be {expected}, got {dtype}. {advice}")


def _dtype_fits(dtype: np.dtype, expected: ir.DataType) -> bool:
    if expected == ir.DataType.STRING:
        return dtype.kind in "UO"
    wanted = expected.numpy()
    # The dtypes that NumPy lacks are plain bytes in its files.
    return dtype == wanted or (dtype.type is np.void and dtype.itemsize == wanted.itemsize)


def _of_dtype(array: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """Return an array that fits as the dtype itself: plain bytes viewed, text as objects."""
    if array.dtype == dtype:
        return array
    return array.astype(dtype) if dtype.hasobject else array.view(dtype)


def shape_fits(shape: tuple[int, ...], expected: tuple[object, ...]) -> bool:
    """Return whether a shape has the expected rank and the expected fixed axes."""
    return len(shape) == len(expected) and all(
        not isinstance(want, int) or got == want for got, want in zip(shape, expected, strict=True)
    )
