"""Inputs to try a model with, where the user gives none."""

import math

import numpy as np

from onnxfi.errors import InputError
from onnxfi.graph import Model, format_shape
from onnxfi.onnx_ir import ir

# 2 GiB while they are drawn.
_MOST_ELEMENTS = 2**28


def draw_inputs(model: Model, *, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Return one random input: normal floats, and zeros and ones of all other dtypes.

    Args:
        model: the model; of its inputs all axes but the first have a fixed size. A free first axis
            gets one sample. An input that has a default keeps it.
        rng: the generator.

    Raises:
        InputError: a graph input is no tensor of numbers of known shape; give inputs of your own.
    """
    wanted = [x for x in model.graph.inputs if x.const_value is None]
    return {value.name or "": _random_input(value, rng) for value in wanted}


def _random_input(value: ir.Value, rng: np.random.Generator) -> np.ndarray:
    dims = None if value.shape is None else list(value.shape)
    if dims and not isinstance(dims[0], int):
        dims[0] = 1
    sizes = None if dims is None else [x for x in dims if isinstance(x, int)]
    dtype = value.dtype
    if (
        not isinstance(value.type, ir.TensorType)
        or dtype in (None, ir.DataType.STRING, ir.DataType.UNDEFINED)
        or sizes is None
        or len(sizes) != len(dims or ())
    ):
        known = None if value.shape is None else tuple(value.shape)
        raise InputError(
            "Inputs can be made up for tensors of numbers of which all axes but the first have a "
            f"known size, and {value.name!r} is {value.type} of shape {format_shape(known)}. Give "
            "inputs of your own: --inputs X.npz."
        )
    if math.prod(sizes) > _MOST_ELEMENTS:
        raise InputError(
            f"Inputs are made up with at most {_MOST_ELEMENTS:,} elements, and {value.name!r} has "
            f"the shape {format_shape(tuple(sizes))}. Give inputs of your own: --inputs X.npz."
        )
    drawn = rng.standard_normal(sizes) if dtype.is_floating_point() else rng.integers(0, 2, sizes)
    return np.asarray(drawn).astype(dtype.numpy())
