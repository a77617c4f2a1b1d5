"""Counts the faults that targets and error models allow."""

import math
from collections.abc import Iterable
from typing import TypeGuard

import numpy as np

from onnxfi.campaign.inputs import InputSource
from onnxfi.error_models import BitFlip, ErrorModel, Region, bit_layout
from onnxfi.error_models.values import bits_of_dtype
from onnxfi.errors import ErrorModelError
from onnxfi.graph import Model, Target
from onnxfi.injector import check_inputs
from onnxfi.runtime import Session
from onnxfi.surgery import expose

Shape = tuple[int, ...]


def target_shapes(
    model: Model, targets: Iterable[Target], inputs: InputSource
) -> dict[Target, Shape]:
    """Return the shapes of targets for the first input of a campaign.

    Symbolic axes take their length from the input. If that is not enough, the model runs once.

    Raises:
        ModelFormatError: the model cannot run.
        InputError: the model cannot run on the input.
    """
    axes = _symbolic_axes(model, inputs)
    shapes: dict[Target, Shape] = {}
    unknown = []
    for target in targets:
        shape = None if target.shape is None else tuple(axes.get(x, x) for x in target.shape)
        if shape is not None and all(isinstance(x, int) for x in shape):
            shapes[target] = tuple(int(x) for x in shape if x is not None)
        else:
            unknown.append(target)
    if unknown:
        outputs = Session(expose(model, unknown)).run(check_inputs(model, inputs.at(0)))
        shapes |= {target: np.shape(outputs[target.tensor]) for target in unknown}
    return shapes


def _symbolic_axes(model: Model, inputs: InputSource) -> dict[int | str | None, int]:
    """Return the lengths of the named axes of graph inputs, without names of several lengths."""
    fed = inputs.at(0)
    lengths: dict[str, set[int]] = {}
    for value in model.graph.inputs:
        if value.shape is not None and value.name in fed:
            for axis, length in zip(value.shape, fed[value.name].shape, strict=False):
                if not isinstance(axis, int) and axis.value is not None:
                    lengths.setdefault(axis.value, set()).add(length)
    return {name: x.pop() for name, x in lengths.items() if len(x) == 1}


def count_bits(target: Target, shape: Shape) -> int:
    """Return the number of bits of a target that faults can hit."""
    try:
        width = bit_layout(target.dtype).width
    except ErrorModelError:
        width = 8 * target.dtype.itemsize
    return math.prod(shape) * width


def count_flips(error_model: ErrorModel, target: Target, shape: Shape) -> int | None:
    """Return the number of corruptions of a single-bit flip; None for other error models.

    Raises:
        ErrorModelError: the target lacks the bits or the region of the error model.
    """
    if not is_single_flip(error_model):
        return None
    elements = math.prod(shape)
    if isinstance(error_model.region, Region):
        elements = error_model.region.of_target(shape, target.channel_axis).size
    return elements * len(bits_of_dtype(error_model.name, error_model.bit, target.dtype))


def is_single_flip(error_model: ErrorModel) -> TypeGuard[BitFlip]:
    """Return whether an error model flips one bit of one value."""
    return (
        isinstance(error_model, BitFlip)
        and error_model.bits_per_value == 1
        and error_model.fraction is None
        and error_model.rate is None
        and error_model.count in (None, 1)
    )
