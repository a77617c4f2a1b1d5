"""Counts the inputs in arrays of samples, and cuts them from the arrays."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import numpy as np

from onnxfi.campaign.inputs.feeds import Feed, Rows
from onnxfi.configuration import InputTensor
from onnxfi.errors import InputError
from onnxfi.graph import format_shape
from onnxfi.injector import check_tensor
from onnxfi.onnx_ir import ir

_HOW_TO_FEED = (
    "Under inputs.tensors, or on the command line: `{axis: 1}` or --axis NAME=1 where the samples "
    "lie on another axis, `{constant: true}` or --constant NAME=ARRAY where all inputs get the "
    "same array."
)
_HOW_TO_FILL = " `repeat: true` or --repeat fills a batch with one row."


@dataclass(frozen=True, slots=True)
class InputCount:
    """The number of inputs.

    Attributes:
        inputs: their number.
        rows_per_label: number of labels that belong to one input.
        note: a note on rows that are left out, or None.
    """

    inputs: int
    rows_per_label: int = 1
    note: str | None = None


def cut_rows(
    tensors: Mapping[str, InputTensor],
    values: Mapping[str, ir.Value],
    arrays: Mapping[str, np.ndarray],
    path: Path,
    *,
    repeat: bool,
) -> dict[str, Rows]:
    """Return the rows of graph inputs in arrays of samples.

    If the model fixes the batch to more than one, one input is as many rows, or one row repeated;
    graph inputs with an open batch take as many rows. An array with one axis more than the graph
    input holds inputs without a batch.

    Args:
        tensors: the source of each graph input, by name.
        values: the graph inputs by name.
        arrays: the arrays by the name of the graph input.
        path: their file.
        repeat: whether one row fills a batch, for tensors without a setting.

    Raises:
        InputError: an array lacks the axis of the samples.
    """
    found = {}
    batches: dict[str, int | None] = {}
    for name, tensor in tensors.items():
        array, shape = arrays[name], values[name].shape
        axis = _axis(name, tensor, array, path)
        whole = shape is not None and array.ndim == len(shape) + 1
        found[name] = Rows(tensor.array or name, array, axis, None if whole else 1)
        batch = shape[axis] if shape is not None and array.ndim == len(shape) else None
        batches[name] = batch if isinstance(batch, int) else None
    large = {batch for batch in batches.values() if batch is not None and batch > 1}
    common = large.pop() if len(large) == 1 else 1
    for name, rows in found.items():
        if rows.rows is not None:
            batch = batches[name] or common
            once = repeat if tensors[name].repeat is None else tensors[name].repeat
            found[name] = replace(rows, times=batch) if once else replace(rows, rows=batch)
    return found


def count_inputs(
    rows: Mapping[str, Rows], labels: np.ndarray | None, path: Path, *, limit: int | None
) -> InputCount:
    """Return the number of inputs, which all arrays and the labels must share.

    Args:
        rows: the rows of the graph inputs, by name.
        labels: the labels of the rows.
        path: the file of the arrays.
        limit: largest number of inputs.

    Raises:
        InputError: the numbers differ, or there is no input.
    """
    per_label = min((x.rows or 1 for x in rows.values()), default=1)
    counts = [Fraction(x.length, x.rows or 1) for x in rows.values()] or [Fraction(1)]
    listed = [
        f"{name!r} (array {x.name!r}, axis {x.axis}) holds {x.length}"
        + (f" rows, {x.rows} for each input" if (x.rows or 1) > 1 else "")
        for name, x in rows.items()
    ]
    if labels is not None:
        counts.append(Fraction(len(labels), per_label))
        listed.append(f"the labels hold {len(labels)}")
    if counts[0] < 1 or set(counts) != {counts[0]}:
        batched = any((x.rows or 1) > 1 for x in rows.values())
        raise InputError(
            f"All arrays in {path} must hold the same number of inputs, at least 1: "
            f"{', '.join(listed)}. {_HOW_TO_FEED}{_HOW_TO_FILL if batched else ''}"
        )
    whole = int(counts[0])
    if limit is not None and limit <= whole:
        return InputCount(limit, per_label)
    return InputCount(whole, per_label, _left_out(rows, whole))


def _left_out(rows: Mapping[str, Rows], inputs: int) -> str | None:
    """Return a note on the rows that are left out, if any."""
    for name, x in rows.items():
        left = x.length - inputs * (x.rows or 1)
        if left:
            return (
                f"The last {left} of the {x.length} rows for {name!r} are left out: they do not "
                f"fill a batch of {x.rows}."
            )
    return None


def check_rows(value: ir.Value, rows: Rows) -> None:
    """Check that the rows of an array fit a graph input.

    Raises:
        InputError: they differ in shape or dtype.
    """
    sample = rows.at(0)
    try:
        check_tensor(value, sample.shape, sample.dtype)
    except InputError as error:
        raise InputError(
            f"{error} It is cut along axis {rows.axis} from the array {rows.name!r} of shape "
            f"{format_shape(rows.array.shape)}. {_HOW_TO_FEED}"
        ) from error


def check_batch_names(values: Mapping[str, ir.Value], feeds: Mapping[str, Feed]) -> None:
    """Check that the batch has the same length in all graph inputs that name its axis.

    Raises:
        InputError: the lengths differ, so the samples of one input lie on another axis.
    """
    named = {
        _names(values[name])[x.axis]
        for name, x in feeds.items()
        if isinstance(x, Rows) and x.rows is not None and values[name].shape is not None
    }
    for batch in named - {None}:
        lengths = {
            f"{name!r} (axis {axis})": feed.at(0).shape[axis]
            for name, feed in feeds.items()
            for axis, each in enumerate(_names(values[name]))
            if each == batch
        }
        if len(set(lengths.values())) > 1:
            listed = ", ".join(f"{length} in {place}" for place, length in lengths.items())
            raise InputError(
                f"The batch {batch!r} must have one length in all tensors of an input, and has "
                f"{listed}. {_HOW_TO_FEED}"
            )


def _names(value: ir.Value) -> list[str | None]:
    """Return the names of the axes of a graph input; None for axes without a name."""
    return [None if isinstance(x, int) else x.value for x in value.shape or ()]


def _axis(name: str, tensor: InputTensor, array: np.ndarray, path: Path) -> int:
    """Return the axis of the samples, counted from the front."""
    if array.ndim == 0:
        raise InputError(
            f"The first axis of every array in {path} must count the inputs, and {tensor.array!r} "
            f"is a single number. Where all inputs of {name!r} get it, write {{constant: true}} "
            f"under inputs.tensors, or --constant {name}={tensor.array} on the command line."
        )
    axis = 0 if tensor.axis is None else tensor.axis
    if not -array.ndim <= axis < array.ndim:
        raise InputError(
            f"The axis of the samples for {name!r} must be one of the array {tensor.array!r} of "
            f"shape {format_shape(array.shape)}, from {-array.ndim} to {array.ndim - 1}, got "
            f"{axis}."
        )
    return axis % array.ndim
