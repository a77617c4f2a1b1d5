"""Calls code of the user's: protects its arguments, checks it, and says where it failed."""

import importlib
import traceback
from pathlib import Path
from typing import Any

import numpy as np

from onnxfi.error_models import Corruption, ErrorModel
from onnxfi.errors import ErrorModelError

_OUR_PACKAGE = "onnxfi."
# Files of the frames that call or import the user's code.
_CALLERS = (
    str(Path(__file__).parents[1]),
    str(Path(importlib.__file__).parent),
    "<frozen importlib",
)


def describe_failure(error: BaseException) -> str:
    """Return what the user's code raised, with the place in its file."""
    frames = [
        x for x in traceback.extract_tb(error.__traceback__) if not x.filename.startswith(_CALLERS)
    ]
    where = ""
    if frames:  # the user's file is the first, which may call libraries
        place = [x for x in frames if x.filename == frames[0].filename][-1]
        where = f" ({place.filename}, line {place.lineno})"
    text = " ".join(str(error).split())
    hint = ""
    if isinstance(error, ValueError) and "read-only" in text:
        hint = "; the arrays that it gets are read-only: change a copy"
    return f"{type(error).__name__}{f': {text}' if text else ''}{where}{hint}"


def read_only(value: Any) -> Any:
    """Return a view of an array that cannot be written to; of a list of arrays, a list of views."""
    if isinstance(value, list):  # a sequence of tensors
        return [read_only(x) for x in value]
    if not isinstance(value, np.ndarray):
        return value
    view = value.view()
    view.flags.writeable = False
    return view


def is_own(model: ErrorModel) -> bool:
    """Return whether an error model is the user's, not one of onnxfi's."""
    return not type(model).__module__.startswith(_OUR_PACKAGE)


def sample_own(
    model: ErrorModel, value: np.ndarray, *, channel_axis: int | None, rng: np.random.Generator
) -> Corruption:
    """Return a corruption that fits the value.

    Args:
        model: the user's error model; it gets a read-only view of the value.
        value: the target's value.
        channel_axis: its channel axis.
        rng: the generator.

    Raises:
        ErrorModelError: the error model fails, or returns no corruption of the value.
    """
    try:
        drawn = model.sample(read_only(value), channel_axis=channel_axis, rng=rng)
    except ErrorModelError:
        raise
    except Exception as error:  # the user's code may raise anything
        raise ErrorModelError(
            f"the error model {model.name} failed: {describe_failure(error)}"
        ) from error
    if not isinstance(drawn, Corruption):
        raise ErrorModelError(
            f"the error model {model.name} must return a Corruption, got a {type(drawn).__name__}"
        )
    if drawn.values.dtype != value.dtype or drawn.indices.max(initial=-1) >= value.size:
        raise ErrorModelError(
            f"the error model {model.name} must return {value.dtype} values at indices "
            f"below {value.size}, as its target has, got {drawn.values.dtype} and indices up to "
            f"{drawn.indices.max(initial=-1)}"
        )
    return drawn
