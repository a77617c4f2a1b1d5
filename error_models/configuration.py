"""Checking and writing the configuration of an error model."""

import dataclasses
import difflib
import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from onnxfi.errors import ErrorModelError


def checked_integer(model: str, key: str, value: object, *, low: int, high: int | None) -> int:
    """Give a configured integer as an ``int``.

    Args:
        model: name of the error model, for the message.
        key: name of the configuration key, for the message.
        value: what the user gave.
        low: the least value allowed.
        high: the greatest value allowed; None for no limit.

    Raises:
        ErrorModelError: the value is no integer, or out of range.
    """
    allowed = f"at least {low}" if high is None else f"from {low} to {high}"
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise ErrorModelError(
            f"{model}: {key} must be an integer {allowed}, got {value!r}: write {key}={low}, say"
        )
    number = int(value)
    if number < low or (high is not None and number > high):
        raise ErrorModelError(
            f"{model}: {key} must be {allowed}, got {number}: choose a value in that range"
        )
    return number


def checked_extent(
    model: str, count: object, fraction: object
) -> tuple[int, None] | tuple[None, float]:
    """Give the configured ``count`` and ``fraction``, of which exactly one is not None.

    Args:
        model: name of the error model, for the message.
        count: number of sites, at least 1, or None.
        fraction: share of the target's elements, above 0 and at most 1, or None. With neither
            given, the count is 1.

    Raises:
        ErrorModelError: both are given, or one is of the wrong type or out of range.
    """
    if fraction is None:
        return checked_integer(
            model, "count", 1 if count is None else count, low=1, high=None
        ), None
    if count is not None:
        raise ErrorModelError(
            f"{model}: the number of sites is given by count or by fraction, "
            f"got count={count} and fraction={fraction}: leave one of them out"
        )
    if (
        isinstance(fraction, bool)
        or not isinstance(fraction, int | float | np.integer | np.floating)
        or not 0 < fraction <= 1
    ):
        raise ErrorModelError(
            f"{model}: fraction must be a number above 0 and at most 1, got {fraction!r}: "
            "write fraction=0.01 for a hundredth of the elements, say"
        )
    return None, float(fraction)


def checked_range(model: str, low: object, high: object) -> tuple[float, float] | tuple[None, None]:
    """Give the configured ``low`` and ``high`` as plain numbers, or None for both.

    Args:
        model: name of the error model, for the message.
        low: the least value, or None.
        high: the greatest value, or None.

    Raises:
        ErrorModelError: only one is given, one is not finite, or ``low`` is above ``high``.
    """
    if low is None and high is None:
        return None, None
    if low is None or high is None:
        raise ErrorModelError(
            f"{model}: low and high must be given together or not at all, "
            f"got low={low}, high={high}: give both, "
            "or neither for the range of the golden tensor"
        )
    least, greatest = _finite(model, "low", low), _finite(model, "high", high)
    if least > greatest:
        raise ErrorModelError(
            f"{model}: low must not be above high, got low={low}, high={high}: swap them"
        )
    return least, greatest


def _finite(model: str, key: str, value: object) -> float:
    if isinstance(value, int | np.integer) and not isinstance(value, bool):
        return int(value)
    if isinstance(value, float | np.floating) and math.isfinite(value):
        return float(value)
    raise ErrorModelError(
        f"{model}: {key} must be a finite number, got {value!r}: write {key}=1.0, say"
    )


def configuration_keys(model: type) -> tuple[str, ...]:
    """Give the configuration keys of an error model: the dataclass fields that it is made from."""
    return tuple(field.name for field in dataclasses.fields(model) if field.init)


def to_dict(model: Any) -> dict[str, Any]:
    """Give ``{"name": ..., "configuration": {...}}`` of an error model that is a dataclass."""
    configuration = {key: getattr(model, key) for key in configuration_keys(type(model))}
    return {"name": model.name, "configuration": configuration}


def closest(word: str, words: Iterable[str]) -> str:
    """Give ``" (did you mean 'x'?)"`` for the word most like the one given, or nothing."""
    near = difflib.get_close_matches(word, list(words), n=1)
    return f" (did you mean {near[0]!r}?)" if near else ""
