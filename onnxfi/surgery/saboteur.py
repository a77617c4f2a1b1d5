"""A saboteur: the nodes that write a selected corruption into a tensor of an ONNX model.

One row of a table belongs to each selection: row 0 to "no fault", row k + 1 to corruption k. The
sites of all corruptions lie one after the other in one list. So that every shape is fixed but for
the batch, each sample gets as many slots as the largest corruption has sites. The last slots hold
the sites of the selected corruption; the spare slots before them write into columns that are put
in front of the sample and cut off again. Values are only ever copied, never computed with, so NaN,
infinities and -0 stay as they are, in the corruption and in the tensor.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

import numpy as np
import onnx
import onnx_ir as ir

from onnxfi.error_models import Corruption
from onnxfi.errors import InputError, ModelFormatError
from onnxfi.graph import Target

#: Key of the model's metadata under which its saboteurs are listed, as JSON.
METADATA_KEY = "onnxfi.saboteurs"
NO_FAULT = -1
RANDOM = -2

# The first with a Scatter and a Where.
_FIRST_OPSET = 9
# From here on ONNX Runtime (1.31) has no kernel for RandomUniformLike, but one for Dropout.
_FIRST_OPSET_OF_DROPOUT = 22
_RANDOM_BITS = 24
_INT64_MAX = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Saboteur:
    """What a model's metadata says about a saboteur in it.

    Attributes:
        target: name of the tensor that it corrupts.
        input: name of the graph input that selects: k for corruption k, -1 for no fault, -2 for a
            random corruption.
        corruptions: number of corruptions that it holds.
        per_sample: whether each sample of a batch is corrupted by itself; otherwise the tensor is
            corrupted as a whole.
    """

    target: str
    input: str
    corruptions: int
    per_sample: bool


def read_saboteurs(model: ir.Model) -> list[Saboteur]:
    """Return the saboteurs that a model's metadata lists.

    Raises:
        ModelFormatError: the list is damaged.
    """
    text = model.metadata_props.get(METADATA_KEY, "[]")
    try:
        return [Saboteur(**entry) for entry in json.loads(text)]
    except (TypeError, ValueError) as error:
        raise ModelFormatError(
            f"The model's metadata under {METADATA_KEY} must list its saboteurs, and it does not: "
            f"{error}. Embed into the model as it was without them."
        ) from error


def write_saboteurs(model: ir.Model, saboteurs: Sequence[Saboteur]) -> None:
    """Write the list of saboteurs into a model's metadata."""
    model.metadata_props[METADATA_KEY] = json.dumps([asdict(x) for x in saboteurs])


def check_operators(target: Target, opset: int) -> None:
    """Check that a saboteur's operators exist and take the dtype of its target.

    Raises:
        ModelFormatError: the operator set is too old.
        InputError: an operator does not take the dtype.
    """
    if opset < _FIRST_OPSET:
        raise ModelFormatError(
            f"A saboteur needs a model of opset {_FIRST_OPSET} or later, got opset {opset}. "
            "Convert the model first, with onnx.version_converter.convert_version(model, 17) say."
        )
    dtype = ir.DataType.from_numpy(target.dtype).name.lower()
    for op_type in ("Flatten", "Gather", "Concat", _scatter(opset), "Slice", "Reshape"):
        if f"tensor({dtype})" not in onnx.defs.get_schema(op_type, opset).inputs[0].types:
            raise InputError(
                f"A saboteur's target must have a dtype that the operator {op_type} of opset "
                f"{opset} takes, and {target.tensor!r} is {dtype}. Choose another target."
            )


@dataclass(slots=True)
class Parts:
    """The nodes and constants of a saboteur, all named after it.

    Attributes:
        name: what the names begin with.
        opset: version of the model's operator set.
        nodes: the nodes, in an order in which they can run.
        constants: the initializers that the nodes read.
    """

    name: str
    opset: int
    nodes: list[ir.Node] = field(default_factory=list)
    constants: list[ir.Value] = field(default_factory=list)

    def node(
        self, op_type: str, name: str, *inputs: ir.Value, **attributes: int | float | list[int]
    ) -> ir.Value:
        """Add a node and return its output; both get the name."""
        node = ir.node(op_type, inputs, attributes, name=f"{self.name}/{name}")
        node.outputs[0].name = node.name
        self.nodes.append(node)
        return node.outputs[0]

    def constant(self, name: str, array: np.ndarray) -> ir.Value:
        """Add a constant."""
        value = constant(f"{self.name}/{name}", array)
        self.constants.append(value)
        return value

    def integers(self, name: str, *numbers: int) -> ir.Value:
        """Add a constant of integers, shape (number of them,)."""
        return self.constant(name, np.array(numbers, np.int64))


def constant(name: str, array: np.ndarray) -> ir.Value:
    """Return a value that is to be registered as an initializer."""
    tensor = ir.Tensor(array, dtype=ir.DataType.from_numpy(array.dtype), name=name)
    return ir.Value(
        name=name,
        shape=ir.Shape(array.shape),
        type=ir.TensorType(tensor.dtype),
        const_value=tensor,
    )


def add_saboteur(
    parts: Parts,
    golden: ir.Value,
    selection: ir.Value,
    corruptions: Sequence[Corruption],
    *,
    per_sample: bool,
) -> ir.Value:
    """Add the nodes of a saboteur.

    Args:
        parts: where they go.
        golden: the tensor as it is without a fault.
        selection: int64, shape (1,), or (samples,) if `per_sample`.
        corruptions: at least one, all in the dtype of `golden`.
        per_sample: whether axis 0 of `golden` counts samples that are corrupted one by one.

    Returns:
        The corrupted tensor.
    """
    shape = parts.node("Shape", "shape", golden)
    if per_sample:
        samples = parts.node("Gather", "samples", shape, parts.integers("first", 0))
        selection = parts.node("Expand", "selection", selection, samples)
    row = _add_row(parts, selection, len(corruptions))

    sizes = np.array([corruption.indices.size for corruption in corruptions], np.int64)
    slots = max(1, int(sizes.max()))
    ends, spares = np.append(0, np.cumsum(sizes)), np.append(slots, slots - sizes)
    # What is read where an index is out of range and a runtime gives 0 for it, as ONNX Runtime does
    # on CUDA: it must be seen, so the first elements become NaN.
    unreachable = np.arange(slots)
    sites = np.concatenate([unreachable, *(x.indices for x in corruptions)])
    values = np.concatenate(
        [_conspicuous(corruptions[0].values.dtype, slots), *(x.values for x in corruptions)]
    )

    slot = parts.constant("slots", np.arange(slots)[np.newaxis])
    # The node that fails where a row is out of range says in its name what the range is.
    checking = f"selection_from_{RANDOM}_to_{len(corruptions) - 1}"
    end = parts.node("Gather", checking, parts.constant("ends", ends[:, np.newaxis]), row)
    spare = parts.node("Gather", "spare", parts.constant("spares", spares[:, np.newaxis]), row)
    position = parts.node("Add", "position", end, slot)
    is_spare = parts.node("Less", "is_spare", slot, spare)
    site = parts.node("Gather", "site", parts.constant("sites", sites + slots), position)
    column = parts.node("Where", "column", is_spare, slot, site)
    value = parts.node("Gather", "value", parts.constant("values", values), position)

    flat = parts.node("Flatten", "flat", golden, axis=1 if per_sample else 0)
    padded = parts.node("Concat", "padded", value, flat, axis=1)
    written = parts.node(_scatter(parts.opset), "written", padded, column, value, axis=1)
    cut = _cut(parts, written, slots)
    # An axis of length 0 means itself; before opset 14 there is no way to say so.
    attributes = {"allowzero": 1} if parts.opset >= 14 else {}
    return parts.node("Reshape", "sabotaged", cut, shape, **attributes)


def _add_row(parts: Parts, selection: ir.Value, count: int) -> ir.Value:
    """Add the nodes that turn selections into rows of the table.

    A selection out of range gives a row out of range, which Gather refuses: as negative indices
    count from the end, those below -2 are moved beyond the end first.
    """
    random = parts.integers("random", RANDOM)
    is_random = parts.node("Equal", "is_random", selection, random)
    if parts.opset < _FIRST_OPSET_OF_DROPOUT:
        drawn = _add_draw_by_uniform(parts, selection, count)
    else:
        drawn = _add_draw_by_dropout(parts, is_random, count)
    chosen = parts.node("Where", "chosen", is_random, drawn, selection)
    is_below = parts.node("Less", "is_below", selection, random)
    beyond = parts.integers("beyond", count)
    checked = parts.node("Where", "checked", is_below, beyond, chosen)
    return parts.node("Add", "row", checked, parts.integers("one", 1))


def _add_draw_by_uniform(parts: Parts, selection: ir.Value, count: int) -> ir.Value:
    # Some runtimes draw the upper end, too; it must not be `count` itself.
    high = float(np.nextafter(np.float32(count), np.float32(0)))
    uniform = parts.node(
        "RandomUniformLike",
        "uniform",
        selection,
        dtype=ir.DataType.FLOAT.value,
        low=0.0,
        high=high,
    )
    return parts.node("Cast", "drawn", uniform, to=ir.DataType.INT64.value)


def _add_draw_by_dropout(parts: Parts, is_random: ir.Value, count: int) -> ir.Value:
    """Draw 24 random bits for each selection, and scale the number that they make.

    Dropping out half of the elements doubles the others, so powers of two from 0.5 on become bits.
    """
    powers = (2.0 ** np.arange(-1, _RANDOM_BITS - 1)).astype(np.float32)
    flags = parts.node("Cast", "flags", is_random, to=ir.DataType.FLOAT.value)
    flag = parts.node("Reshape", "flag", flags, parts.integers("to_column", -1, 1))
    weights = parts.node("Mul", "weights", flag, parts.constant("powers", powers[np.newaxis]))
    bits = parts.node(
        "Dropout",
        "bits",
        weights,
        parts.constant("half", np.array(0.5, np.float32)),
        parts.constant("training", np.array(True)),
    )
    ones = parts.constant("ones", np.ones(_RANDOM_BITS, np.float32))
    number = parts.node("MatMul", "number", bits, ones)
    whole = parts.node("Cast", "whole", number, to=ir.DataType.INT64.value)
    scaled = parts.node("Mul", "scaled", whole, parts.integers("count", count))
    return parts.node("Div", "drawn", scaled, parts.integers("range", 2**_RANDOM_BITS))


def _scatter(opset: int) -> str:
    return "ScatterElements" if opset >= 11 else "Scatter"


def _cut(parts: Parts, written: ir.Value, slots: int) -> ir.Value:
    if parts.opset < 10:
        return parts.node("Slice", "cut", written, axes=[1], starts=[slots], ends=[_INT64_MAX])
    return parts.node(
        "Slice",
        "cut",
        written,
        parts.integers("from", slots),
        parts.integers("to", _INT64_MAX),
        parts.integers("axis", 1),
    )


def _conspicuous(dtype: np.dtype, count: int) -> np.ndarray:
    """Return values with all bits set, which is NaN in a float; True for bool."""
    if dtype == np.bool_:
        return np.ones(count, np.bool_)
    return np.full(count * dtype.itemsize, 0xFF, np.uint8).view(dtype)
