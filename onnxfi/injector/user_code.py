"""Calls code of the user's: protects its arguments, checks its results, and locates failures."""

import importlib
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from onnxfi.error_models import (
    BatchSampler,
    Corruption,
    Corruptions,
    ErrorModel,
    Generators,
    Preparable,
    TargetInfo,
)
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


def prepare_own(model: Preparable, target: TargetInfo, golden: np.ndarray | None) -> ErrorModel:
    """Return what the ``prepare`` of a user's error model returns.

    Raises:
        ErrorModelError: the error model fails, or returns no error model.
    """
    with _naming(model):
        prepared = model.prepare(target, read_only(golden))
    if not isinstance(prepared, ErrorModel):
        raise ErrorModelError(
            f"the error model {model.name} must return an error model from prepare, "
            f"got a {type(prepared).__name__}"
        )
    return prepared


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
    with _naming(model):
        drawn = model.sample(read_only(value), channel_axis=channel_axis, rng=rng)
    if not isinstance(drawn, Corruption):
        raise ErrorModelError(
            f"the error model {model.name} must return a Corruption, got a {type(drawn).__name__}"
        )
    _check_fits(model, drawn, value)
    return drawn


def sample_many_own(
    model: BatchSampler,
    value: np.ndarray,
    *,
    channel_axis: int | None,
    generators: Generators,
    ids: range,
) -> Corruptions:
    """Return corruptions that fit the value, one for each injection.

    Args:
        model: the user's error model; it gets a read-only view of the value.
        value: the target's value.
        channel_axis: its channel axis.
        generators: the generators of the injections.
        ids: the injections.

    Raises:
        ErrorModelError: the error model fails, or returns other than one corruption for each.
    """
    with _naming(model):
        drawn: object = model.sample_many(
            read_only(value), channel_axis=channel_axis, generators=generators, ids=ids
        )
    if not isinstance(drawn, Corruptions) or len(drawn) != len(ids):
        raise ErrorModelError(
            f"the error model {model.name} must return Corruptions, one for each of {len(ids)} "
            f"injections, from sample_many, got a {type(drawn).__name__}"
        )
    _check_fits(model, drawn, value)
    return drawn


@contextmanager
def _naming(model: ErrorModel) -> Iterator[None]:
    """Turn what the user's error model raises into an error that names it."""
    try:
        yield
    except ErrorModelError:
        raise
    except Exception as error:  # the user's code may raise anything
        raise ErrorModelError(
            f"the error model {model.name} failed: {describe_failure(error)}"
        ) from error


def _check_fits(model: ErrorModel, drawn: Corruption | Corruptions, value: np.ndarray) -> None:
    if drawn.values.dtype != value.dtype or drawn.indices.max(initial=-1) >= value.size:
        raise ErrorModelError(
            f"the error model {model.name} must return {value.dtype} values at indices "
            f"below {value.size}, as its target has, got {drawn.values.dtype} and indices up to "
            f"{drawn.indices.max(initial=-1)}"
        )
