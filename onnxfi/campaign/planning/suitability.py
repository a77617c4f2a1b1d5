"""Checks before the first injection that each error model can corrupt its targets."""

import math
from collections.abc import Iterable, Mapping
from itertools import groupby

import numpy as np

from onnxfi.campaign.planning.fault_space import Shape
from onnxfi.display import counted
from onnxfi.error_models import ErrorModel, OperationReader
from onnxfi.errors import ErrorModelError
from onnxfi.graph import Target, format_shape
from onnxfi.injector import Drawer, InjectionGenerators, prepare_error_model

# Further targets that a message names.
_LISTED = 5


def suited(error_model: ErrorModel, target: Target) -> ErrorModel:
    """Return the error model that draws the corruptions of a target.

    Raises:
        ErrorModelError: there is none; the message names the target.
    """
    try:
        return prepare_error_model(error_model, target)
    except ErrorModelError as error:
        raise ErrorModelError(_refused(error_model, target, error)) from error


def check_error_models(
    pairs: Iterable[tuple[Target, ErrorModel]], shapes: Mapping[Target, Shape]
) -> None:
    """Draw one corruption of each target from a stand-in of its shape and dtype.

    Args:
        pairs: the targets, each with an error model; pairs of one target follow one another.
        shapes: the shapes that the targets have in the campaign.

    Raises:
        ErrorModelError: an error model cannot corrupt a target; the message names both.
    """
    refused: list[tuple[Target, str]] = []
    generators = InjectionGenerators(0)
    for target, group in groupby(pairs, key=lambda pair: pair[0]):
        stand_in = _stand_in(shapes[target], target.dtype)
        for _, error_model in group:
            if isinstance(error_model, OperationReader):  # it needs more than a stand-in
                continue
            try:
                drawer = Drawer({target.tensor: error_model}, generators)
                drawer.draw_many(range(1), {target: stand_in})
            except ErrorModelError as error:
                refused.append((target, _refused(error_model, target, error)))
    if refused:
        others = list(dict.fromkeys(x.tensor for x, _ in refused[1:] if x != refused[0][0]))
        more = ", ".join(map(repr, others[:_LISTED])) + (", …" if len(others) > _LISTED else "")
        also = f" So are {counted(len(others), 'other target')}: {more}." if others else ""
        raise ErrorModelError(refused[0][1] + also)


def _refused(error_model: ErrorModel, target: Target, error: ErrorModelError) -> str:
    what = f"{target.op_type or target.kind}, {target.dtype} of shape {format_shape(target.shape)}"
    return (
        f"The error model {error_model.name!r} cannot corrupt the target {target.tensor!r} "
        f"({what}). {str(error).removesuffix('.')}. Leave such targets out with "
        f"`targets: {{exclude: {{tensors: [{target.tensor}]}}}}` or `dtypes: [float]`, or choose "
        "another error model."
    )


def _stand_in(shape: Shape, dtype: np.dtype[np.generic]) -> np.ndarray:
    """Return a tensor of different, moderate values."""
    some = np.arange(-3, 4).astype(dtype)
    size = math.prod(shape)
    return np.tile(some, -(-size // some.size))[:size].reshape(shape)
