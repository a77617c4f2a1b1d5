"""Calls code of the user's: protects its arguments, checks its results, and locates failures."""

import importlib
import signal
import threading
import traceback
from collections.abc import Iterator, Sequence
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

#: Corruptions of one golden tensor that are drawn again, to see that the generator decides them.
DRAWN_TWICE = 4
_OUR_PACKAGE = "onnxfi."
# Files of the frames that call or import the user's code.
_CALLERS = (
    str(Path(__file__).parents[2]),
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
    try:
        text = " ".join(str(error).split())
    except Exception:  # the text is the user's code as well
        text = ""
    hint = ""
    if isinstance(error, ValueError) and "read-only" in text:
        hint = "; the arrays that it gets are read-only: change a copy"
    return f"{type(error).__name__}{f': {text}' if text else ''}{where}{hint}"


def is_interrupt(error: BaseException) -> bool:
    """Return whether an exception came from the keyboard; all others are the user's code's own."""
    return (
        isinstance(error, KeyboardInterrupt)
        # Signals reach no other thread, and no process that ignores them.
        and threading.current_thread() is threading.main_thread()
        and signal.getsignal(signal.SIGINT) is not signal.SIG_IGN
    )


def read_only(value: Any) -> Any:
    """Return a view of an array that cannot be written to; of a list of arrays, a list of views."""
    if isinstance(value, list):  # a sequence of tensors
        return [read_only(x) for x in value]
    if not isinstance(value, np.ndarray):
        return value
    if value.size and value.flags.c_contiguous and not value.dtype.hasobject:
        # Unlike that of a view, its flag `writeable` cannot be set again.
        memory = value.reshape(-1).view(np.uint8).data.toreadonly()
        return np.frombuffer(memory, value.dtype).reshape(value.shape)
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
                f"it must return an error model from prepare, got a {type(prepared).__name__}"
            )
    return prepared


def sample_own(
    model: ErrorModel, value: np.ndarray, *, channel_axis: int | None, rng: np.random.Generator
) -> Corruption:
    """Return a copy of a corruption that fits the value.

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
            raise ErrorModelError(f"it must return a Corruption, got a {type(drawn).__name__}")
        # The error model may use its arrays again.
        bits = None if drawn.bits is None else drawn.bits.copy()
        kept = Corruption(drawn.indices.copy(), drawn.values.copy(), bits, drawn.pattern)
        _check_fits(kept.indices, kept.values, kept.bits, [kept.pattern], value)
    return kept


def sample_repeated(
    model: ErrorModel, value: np.ndarray, *, channel_axis: int | None, rng: np.random.Generator
) -> Corruption:
    """Return what `sample_own` does, and check that the same generator gives the same again.

    Raises:
        ErrorModelError: the two corruptions differ; or see `sample_own`.
    """
    state = rng.bit_generator.state
    first = sample_own(model, value, channel_axis=channel_axis, rng=rng)
    rng.bit_generator.state = state
    if sample_own(model, value, channel_axis=channel_axis, rng=rng) != first:
        raise _not_repeated(model)
    return first


def sample_many_own(
    model: BatchSampler,
    value: np.ndarray,
    *,
    channel_axis: int | None,
    generators: Generators,
    ids: range,
) -> Corruptions:
    """Return copies of corruptions that fit the value, one for each injection.

    The first few are drawn again alone, and must be the same.

    Args:
        model: the user's error model; it gets a read-only view of the value.
        value: the target's value.
        channel_axis: its channel axis.
        generators: the generators of the injections.
        ids: the injections.

    Raises:
        ErrorModelError: the error model fails, or returns other than one corruption for each.
    """

    def draw(some: range) -> Corruptions:
        drawn: object = model.sample_many(
            read_only(value), channel_axis=channel_axis, generators=generators, ids=some
        )
        if not isinstance(drawn, Corruptions) or len(drawn) != len(some):
            got = type(drawn).__name__
            if isinstance(drawn, Corruptions):
                got = f"{got} of {len(drawn)}"
            raise ErrorModelError(
                f"it must return Corruptions, one for each of {len(some)} injections, from "
                f"sample_many, got a {got}"
            )
        if drawn.sizes.min() < 0 or drawn.sizes.sum() != drawn.indices.size:
            raise ErrorModelError("the sizes of its Corruptions must add up to their sites")
        kept = Corruptions.of(list(drawn))  # each is checked, and the arrays are copied
        _check_fits(kept.indices, kept.values, kept.bits, kept.patterns or (), value)
        return kept

    with _naming(model):
        found, again = draw(ids), draw(ids[:DRAWN_TWICE])
    if found[: len(again)] != list(again):
        raise _not_repeated(model)
    return found


def _not_repeated(model: ErrorModel) -> ErrorModelError:
    return ErrorModelError(
        f"the error model {name_of(model)} must draw the same corruption from the same generator, "
        "and two draws differ: take every random number from rng, and keep no state"
    )


def name_of(model: ErrorModel) -> str:
    """Return the name of a user's error model, as messages show it."""
    try:
        return str(model.name)
    except Exception:  # a property of the user's may raise anything
        return type(model).__qualname__


@contextmanager
def _naming(model: ErrorModel) -> Iterator[None]:
    """Turn what the user's error model raises into an error that names it."""
    try:
        yield
    except ErrorModelError as error:
        raise ErrorModelError(f"the error model {name_of(model)}: {error}") from error
    except BaseException as error:  # the user's code may raise anything
        if is_interrupt(error):
            raise
        raise ErrorModelError(
            f"the error model {name_of(model)} failed: {describe_failure(error)}"
        ) from error


def _check_fits(
    indices: np.ndarray,
    values: np.ndarray,
    bits: np.ndarray | None,
    patterns: Sequence[object],
    value: np.ndarray,
) -> None:
    if values.dtype != value.dtype or indices.max(initial=-1) >= value.size:
        raise ErrorModelError(
            f"it must return {value.dtype} values at indices below {value.size}, as its target "
            f"has, got {values.dtype} and indices up to {indices.max(initial=-1)}"
        )
    width = 8 * value.dtype.itemsize
    if bits is not None and bits.size and not 0 <= bits.min() <= bits.max() < width:
        raise ErrorModelError(
            f"the bits of {value.dtype} are numbered from 0 to {width - 1}, got "
            f"{bits.min()} to {bits.max()}"
        )
    wrong = [x for x in patterns if not isinstance(x, str | None)]
    if wrong:
        raise ErrorModelError(f"a pattern must be a text or None, got {wrong[0]!r}")
