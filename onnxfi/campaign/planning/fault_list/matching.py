"""Finds the targets and sites that the rows of a fault list name."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from onnxfi.campaign.planning.fault_list.reading import ListedFault
from onnxfi.converters import METADATA_KEY
from onnxfi.error_models.values import bits_of_dtype
from onnxfi.errors import ConfigurationError, ErrorModelError
from onnxfi.graph import Model, Target

Layout = Literal["onnx", "torch", "keras"]


@dataclass(frozen=True, slots=True)
class Named:
    """The target that a list names, and the order of the list's axes.

    Attributes:
        target: the target.
        layout: the framework whose order of axes the list uses.
    """

    target: Target
    layout: Layout


def find_target(model: Model, fault: ListedFault, kind: str | None, file: str) -> Named:
    """Return the target that a row names.

    Names are looked up as tensors of the model first; then as PyTorch's modules, whose weight is
    ``NAME.weight``; then as layers of the source framework, among targets with as many axes.

    Args:
        model: the model.
        fault: the row.
        kind: kind of the target; None for any.
        file: name of the list in messages.

    Raises:
        ConfigurationError: no target has the name, or several.
    """
    listed = [x for x in model.targets() if kind is None or x.kind == kind]
    by_tensor = {x.tensor: x for x in listed}
    if fault.name in by_tensor:
        return Named(by_tensor[fault.name], "onnx")
    if f"{fault.name}.weight" in by_tensor:
        return Named(by_tensor[f"{fault.name}.weight"], "torch")
    of_layer = [x for x in listed if fault.name in (x.layer, x.node)]
    if len(fault.index) > 1:
        of_layer = [x for x in of_layer if len(x.shape or ()) == len(fault.index)]
    elif kind == "weight":  # a flat index alone does not say whether kernel or bias is meant
        of_layer = [x for x in of_layer if len(x.shape or ()) > 1] or of_layer
    if len(of_layer) == 1:
        keras = METADATA_KEY in model.ir_model.metadata_props
        return Named(of_layer[0], "keras" if keras else "torch")
    where = f"{file}, row {fault.row}"
    if of_layer:
        found = ", ".join(f"{x.tensor} ({x.kind})" for x in of_layer)
        raise ConfigurationError(
            f"{where}: {fault.name!r} has several targets: {found}. Choose their kind with "
            "`targets: {kind: weight}`, or name the tensor."
        )
    raise ConfigurationError(
        f"{where}: the model has no {kind or 'target'} of the name {fault.name!r}. "
        "`onnxfi inspect` lists the names of tensors and layers. An exporter may fold layers "
        "such as batch normalisation into others."
    )


def axes_of(model: Model, named: Named) -> tuple[int, ...] | None:
    """Return the axis of the list for each axis of the tensor; None if they are the same.

    PyTorch has OIHW kernels and (out, in) matrices; Keras has HWIO kernels, (in, out) matrices and
    channels last.
    """
    target, layout = named.target, named.layout
    rank = len(target.shape or ())
    if layout == "onnx" or rank < 2:
        return None
    if target.kind == "weight" and rank == 2:
        out_first = _is_out_first(model, target)
        return (1, 0) if out_first != (layout == "torch") else None
    if layout == "torch":
        return None
    if target.kind == "weight":
        return (rank - 1, rank - 2, *range(rank - 2))
    return (0, rank - 1, *range(1, rank - 1)) if rank > 2 and target.channel_axis == 1 else None


def find_sites(
    faults: Sequence[ListedFault],
    named: Named,
    axes: tuple[int, ...] | None,
    shape: tuple[int, ...],
    file: str,
) -> np.ndarray:
    """Return the flat indices of some rows in their target.

    Args:
        faults: the rows.
        named: their target.
        axes: see `axes_of`.
        shape: shape of the target.
        file: name of the list in messages.

    Raises:
        ConfigurationError: an index lies outside of the target, or its dtype lacks a bit.
    """
    source = list(shape)
    for onnx_axis, listed_axis in enumerate(axes or ()):
        source[listed_axis] = shape[onnx_axis]
    sites = []
    for fault in faults:
        where = f"{file}, row {fault.row}"
        index = fault.index
        if len(index) == 1 and len(shape) != 1 and index[0] < math.prod(shape):
            index = tuple(int(x) for x in np.unravel_index(index[0], source))
        if len(index) != len(source) or any(x >= n for x, n in zip(index, source, strict=True)):
            raise ConfigurationError(
                f"{where}: the index {_text(fault.index)} lies outside of {fault.name!r}, whose "
                f"shape is {_text(source)} in the order of {named.layout}."
            )
        try:
            bits_of_dtype("bitflip", fault.bit, named.target.dtype)
        except ErrorModelError as error:
            raise ConfigurationError(f"{where}: {error}") from error
        own = index if axes is None else tuple(index[x] for x in axes)
        sites.append(int(np.ravel_multi_index(own, shape)) if shape else 0)
    return np.array(sites, dtype=np.int64)


def _is_out_first(model: Model, target: Target) -> bool:
    """Return whether a matrix has the shape (out, in): as B of a Gemm with transB."""
    for node in model.graph:
        if any(x is not None and x.name == target.tensor for x in node.inputs):
            transposed = node.attributes.get("transB")
            return transposed is not None and bool(transposed.as_int())
    return False


def _text(numbers: Iterable[int]) -> str:
    return f"({', '.join(map(str, numbers))})"
