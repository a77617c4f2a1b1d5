"""Makes random inputs for a model, to try a campaign before there are real ones."""

from dataclasses import dataclass, field

import numpy as np

from onnxfi.configuration import InputTensor
from onnxfi.errors import InputError
from onnxfi.graph import Model, format_shape
from onnxfi.onnx_ir import ir

# Samples in a file of random inputs.
SAMPLES = 8
# Lengths to try for axes that are free besides the batch: of sequences, then of images.
LENGTHS = (16, 1, 32, 64, 128, 224, 256, 8, 4, 299, 512)
# Integers below this are valid indices of nearly any table, and valid classes.
_FEW = 2
_SAMPLE_RATES = frozenset({"sr", "rate", "sample_rate", "sampling_rate"})


@dataclass(frozen=True, slots=True, eq=False)
class RandomInputs:
    """Random inputs of a model.

    Attributes:
        arrays: an array of all samples for each graph input.
        tensors: the settings of graph inputs whose samples do not lie along axis 0.
    """

    arrays: dict[str, np.ndarray] = field(default_factory=dict)
    tensors: dict[str, InputTensor] = field(default_factory=dict)


def make_inputs(model: Model, *, length: int) -> RandomInputs:
    """Make random inputs: floating-point numbers from 0 to 1, valid indices, masks of ones.

    Args:
        model: the model.
        length: the length of all free axes besides the batch.

    Raises:
        InputError: a graph input takes no tensor, or tensors of any rank.
    """
    made = RandomInputs()
    rng = np.random.default_rng(0)
    values = [x for x in model.graph.inputs if x.const_value is None]
    batch = next((x.shape[0] for x in values if x.shape is not None and x.shape.rank()), None)
    for value in values:
        name = value.name or ""
        if value.shape is None or value.dtype is None:
            raise InputError(
                f"Random inputs need graph inputs of known rank, and {describe_input(value)} is "
                "not one. Give a file of inputs."
            )
        axis = _sample_axis(value.shape, batch)
        shape = [x if isinstance(x, int) else length for x in value.shape]
        if axis is None:
            made.tensors[name] = InputTensor(constant=True)
        else:
            fixed = value.shape[axis]
            shape[axis] = SAMPLES * (fixed if isinstance(fixed, int) else 1)
            if axis:
                made.tensors[name] = InputTensor(axis=axis)
        made.arrays[name] = _draw(value, shape, rng)
    return made


def plausible_value(name: str) -> int:
    """Return a value for a graph input without an array: 1 for masks, 0 for states."""
    if name.lower() in _SAMPLE_RATES:
        return 16000
    return int("mask" in name.lower())


def describe_input(value: ir.Value) -> str:
    """Return the name, the dtype and the shape of a graph input, as text."""
    dtype = "values" if value.dtype is None else str(value.dtype.numpy())
    if value.dtype == ir.DataType.STRING:
        dtype = "text"
    shape = None if value.shape is None else tuple(value.shape)
    return f"{value.name}: {dtype} {format_shape(shape)}"


def _sample_axis(shape: ir.Shape, batch: object) -> int | None:
    """Return the axis of the samples; None if all samples share the tensor.

    Args:
        shape: the shape of a graph input.
        batch: length or name of the first axis of the first graph input.
    """
    if not shape.rank():
        return None
    if not isinstance(shape[0], int) or shape[0] == batch:
        return 0
    named = not isinstance(batch, int)
    return next((axis for axis, x in enumerate(shape) if named and x == batch), None)


def _draw(value: ir.Value, shape: list[int], rng: np.random.Generator) -> np.ndarray:
    name = value.name or ""
    if value.dtype == ir.DataType.STRING:
        return np.full(shape, "text")
    dtype = ir.DataType.FLOAT if value.dtype is None else value.dtype
    array: np.ndarray
    if "mask" in name.lower() or dtype == ir.DataType.BOOL:
        array = np.ones(shape)
    elif not shape:
        array = np.array(plausible_value(name) or 1)
    elif dtype.is_floating_point():
        array = rng.random(shape)
    elif dtype == ir.DataType.UINT8:
        array = rng.integers(0, 256, shape)
    else:
        array = rng.integers(0, _indexed(value) or _FEW, shape)
    return array.astype(dtype.numpy())


def _indexed(value: ir.Value) -> int:
    """Return the length of the shortest table that a tensor indexes; 0 if it indexes none."""
    lengths = []
    for node, place in value.uses():
        table = node.inputs[0] if node.op_type == "Gather" and place == 1 else None
        if table is not None and table.shape is not None:
            axis = node.attributes.get_int("axis", 0)
            lengths += [x for x in (table.shape[axis],) if isinstance(x, int)]
        elif node.op_type in ("Cast", "Identity", "Reshape", "Unsqueeze", "Squeeze"):
            lengths += [x for x in (_indexed(node.outputs[0]),) if x]
    return min(lengths, default=0)
