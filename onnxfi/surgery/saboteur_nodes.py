"""Builds the nodes that write a selected corruption into a tensor: a saboteur.

A table has one row for each selection: row 0 for "no fault", row k + 1 for corruption k. The sites
of all corruptions lie one after the other in one list. To keep every shape but the batch fixed,
each sample has as many slots as the largest corruption has sites. The last slots hold the sites of
the selected corruption. The spare slots before them write into columns that are put in front of the
sample and cut off again. Values are copied, never computed with, so NaN, infinities and -0 keep
their bits, in the corruption and in the tensor.
"""

from collections.abc import Sequence

import numpy as np
import onnx

from onnxfi.error_models import Corruption
from onnxfi.errors import InputError, ModelFormatError
from onnxfi.graph import Target
from onnxfi.onnx_ir import ir
from onnxfi.surgery.node_builder import NodeBuilder

NO_FAULT = -1
RANDOM = -2

# The first opset with a Scatter and a Where.
_FIRST_OPSET = 9
# From here on ONNX Runtime (1.31) has no kernel for RandomUniformLike, but one for Dropout.
_FIRST_OPSET_OF_DROPOUT = 22
_RANDOM_BITS = 24
_INT64_MAX = 2**63 - 1


def check_operators(target: Target, opset: int) -> None:
    """Check that a saboteur's operators exist and take the dtype of its target.

    Raises:
        ModelFormatError: the operator set is too old.
        InputError: an operator does not take the dtype.
    """
    if opset < _FIRST_OPSET:
        raise ModelFormatError(
            f"A saboteur needs a model of opset {_FIRST_OPSET} or later, got opset {opset}. "
            "Convert the model first, for example with "
            "onnx.version_converter.convert_version(model, 17)."
        )
    dtype = ir.DataType.from_numpy(target.dtype).name.lower()
    for op_type in ("Flatten", "Gather", "Concat", _scatter(opset), "Slice", "Reshape"):
        if f"tensor({dtype})" not in onnx.defs.get_schema(op_type, opset).inputs[0].types:
            raise InputError(
                f"A saboteur's target must have a dtype that the operator {op_type} of opset "
                f"{opset} takes, and {target.tensor!r} is {dtype}. Choose another target."
            )


def add_saboteur(
    builder: NodeBuilder,
    golden: ir.Value,
    selection: ir.Value,
    corruptions: Sequence[Corruption],
    *,
    per_sample: bool,
) -> ir.Value:
    """Add the nodes of a saboteur.

    Args:
        builder: where the nodes go.
        golden: the fault-free tensor.
        selection: int64, shape (1,), or (samples,) if `per_sample`.
        corruptions: at least one, all in the dtype of `golden`.
        per_sample: whether axis 0 of `golden` counts samples that are corrupted one by one.

    Returns:
        The corrupted tensor.
    """
    shape = builder.node("Shape", "shape", golden)
    if per_sample:
        samples = builder.node("Gather", "samples", shape, builder.integers("first", 0))
        selection = builder.node("Expand", "selection", selection, samples)
    row = _add_row(builder, selection, len(corruptions))

    sizes = np.array([corruption.indices.size for corruption in corruptions], np.int64)
    slots = max(1, int(sizes.max()))
    ends, spares = np.append(0, np.cumsum(sizes)), np.append(slots, slots - sizes)
    # ONNX Runtime on CUDA reads element 0 for an index out of range. That must show, so the first
    # elements become NaN.
    unreachable = np.arange(slots)
    sites = np.concatenate([unreachable, *(x.indices for x in corruptions)])
    values = np.concatenate(
        [_conspicuous(corruptions[0].values.dtype, slots), *(x.values for x in corruptions)]
    )

    slot = builder.constant("slots", np.arange(slots)[np.newaxis])
    # This node fails if a row is out of range, so its name states the range.
    checking = f"selection_from_{RANDOM}_to_{len(corruptions) - 1}"
    end = builder.node("Gather", checking, builder.constant("ends", ends[:, np.newaxis]), row)
    spare = builder.node("Gather", "spare", builder.constant("spares", spares[:, np.newaxis]), row)
    position = builder.node("Add", "position", end, slot)
    is_spare = builder.node("Less", "is_spare", slot, spare)
    site = builder.node("Gather", "site", builder.constant("sites", sites + slots), position)
    column = builder.node("Where", "column", is_spare, slot, site)
    value = builder.node("Gather", "value", builder.constant("values", values), position)

    flat = builder.node("Flatten", "flat", golden, axis=1 if per_sample else 0)
    padded = builder.node("Concat", "padded", value, flat, axis=1)
    written = builder.node(_scatter(builder.opset), "written", padded, column, value, axis=1)
    cut = _cut(builder, written, slots)
    # Keep axes of length 0; before opset 14 a Reshape cannot.
    attributes = {"allowzero": 1} if builder.opset >= 14 else {}
    return builder.node("Reshape", "sabotaged", cut, shape, **attributes)


def _add_row(builder: NodeBuilder, selection: ir.Value, count: int) -> ir.Value:
    """Add the nodes that turn selections into rows of the table.

    A selection out of range gives a row out of range, which Gather refuses. Because negative
    indices count from the end, selections below -2 are first moved beyond the end.
    """
    random = builder.integers("random", RANDOM)
    is_random = builder.node("Equal", "is_random", selection, random)
    if builder.opset < _FIRST_OPSET_OF_DROPOUT:
        drawn = _add_draw_by_uniform(builder, selection, count)
    else:
        drawn = _add_draw_by_dropout(builder, is_random, count)
    chosen = builder.node("Where", "chosen", is_random, drawn, selection)
    is_below = builder.node("Less", "is_below", selection, random)
    beyond = builder.integers("beyond", count)
    checked = builder.node("Where", "checked", is_below, beyond, chosen)
    return builder.node("Add", "row", checked, builder.integers("one", 1))


def _add_draw_by_uniform(builder: NodeBuilder, selection: ir.Value, count: int) -> ir.Value:
    # Some runtimes include the upper end in what they draw, so it must be below `count`.
    high = float(np.nextafter(np.float32(count), np.float32(0)))
    uniform = builder.node(
        "RandomUniformLike",
        "uniform",
        selection,
        dtype=ir.DataType.FLOAT.value,
        low=0.0,
        high=high,
    )
    return builder.node("Cast", "drawn", uniform, to=ir.DataType.INT64.value)


def _add_draw_by_dropout(builder: NodeBuilder, is_random: ir.Value, count: int) -> ir.Value:
    """Draw 24 random bits for each selection, and scale the number that they form.

    Dropping half of the elements doubles the others, so powers of two from 0.5 on become bits.
    """
    powers = (2.0 ** np.arange(-1, _RANDOM_BITS - 1)).astype(np.float32)
    flags = builder.node("Cast", "flags", is_random, to=ir.DataType.FLOAT.value)
    flag = builder.node("Reshape", "flag", flags, builder.integers("to_column", -1, 1))
    weights = builder.node("Mul", "weights", flag, builder.constant("powers", powers[np.newaxis]))
    bits = builder.node(
        "Dropout",
        "bits",
        weights,
        builder.constant("half", np.array(0.5, np.float32)),
        builder.constant("training", np.array(True)),
    )
    ones = builder.constant("ones", np.ones(_RANDOM_BITS, np.float32))
    number = builder.node("MatMul", "number", bits, ones)
    whole = builder.node("Cast", "whole", number, to=ir.DataType.INT64.value)
    scaled = builder.node("Mul", "scaled", whole, builder.integers("count", count))
    return builder.node("Div", "drawn", scaled, builder.integers("range", 2**_RANDOM_BITS))


def _scatter(opset: int) -> str:
    return "ScatterElements" if opset >= 11 else "Scatter"


def _cut(builder: NodeBuilder, written: ir.Value, slots: int) -> ir.Value:
    if builder.opset < 10:
        return builder.node("Slice", "cut", written, axes=[1], starts=[slots], ends=[_INT64_MAX])
    return builder.node(
        "Slice",
        "cut",
        written,
        builder.integers("from", slots),
        builder.integers("to", _INT64_MAX),
        builder.integers("axis", 1),
    )


def _conspicuous(dtype: np.dtype, count: int) -> np.ndarray:
    """Return values with all bits set, which is NaN in a float; True for bool."""
    if dtype == np.bool_:
        return np.ones(count, np.bool_)
    return np.full(count * dtype.itemsize, 0xFF, np.uint8).view(dtype)
