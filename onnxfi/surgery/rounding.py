"""Rounds the weights of a model to a number format."""

from dataclasses import dataclass

import numpy as np

from onnxfi.errors import InputError
from onnxfi.graph import Model
from onnxfi.memory import number_format
from onnxfi.onnx_ir import ir


@dataclass(frozen=True, slots=True)
class Rounded:
    """A model whose weights are rounded to a number format.

    Attributes:
        model: the model; its weights keep their dtypes and names.
        weights: the names of the weights that were rounded.
        largest_change: the largest change of a weight, relative to the largest size in its tensor.
    """

    model: Model
    weights: tuple[str, ...]
    largest_change: float


def round_weights(model: Model, format: str) -> Rounded:
    """Round the floating-point weights of a model to what a number format can hold.

    The result answers: what if the weights lay in memory in this format? Faults of the error model
    ``upset`` with the same format then hit the words that hold them.

    Example:
        >>> onnxfi.round_weights(model, "bf16").model.save("lenet_bf16.onnx")

    Args:
        model: the model; it is not changed.
        format: the format: fp16, bf16, tf32, e4m3fn, e5m2, e2m1, int8, int4, posit8 or posit16.
            Integers have one scale for each tensor.

    Raises:
        ErrorModelError: there is no such format.
        InputError: the model stores no floating-point weights.
    """
    found = number_format(format)
    rounded = Model(model.ir_model.clone(), model.files)
    names, largest = [], 0.0
    for target in model.targets(kind="weight"):
        value = rounded.graph.initializers.get(target.tensor)
        dtype = None if value is None else value.dtype
        if value is None or dtype is None or not dtype.is_floating_point():
            continue
        assert value.const_value is not None
        before = value.const_value.numpy()
        fitted = found.fitted(before)
        with np.errstate(over="ignore", invalid="ignore"):
            after = fitted.decode(fitted.encode(before)).astype(before.dtype)
        value.const_value = ir.Tensor(after, dtype=dtype, name=target.tensor)
        names.append(target.tensor)
        largest = max(largest, _change(before, after))
    if not names:
        raise InputError(
            "Weights to round must be floating-point numbers that the model stores, and it has "
            "none. List its weights with `onnxfi inspect --kind weight`."
        )
    return Rounded(rounded, tuple(names), largest)


def _change(before: np.ndarray, after: np.ndarray) -> float:
    size = float(np.abs(before.astype(np.float64)).max(initial=0.0))
    if not size:
        return 0.0
    apart = np.abs(after.astype(np.float64) - before.astype(np.float64)).max(initial=0.0)
    return float(apart) / size
