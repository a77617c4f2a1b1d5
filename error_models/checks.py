"""Checks the values in the configuration of an error model."""

import math
import sys
from collections.abc import Sequence

import numpy as np

from onnxfi.errors import ErrorModelError
from onnxfi.suggestions import did_you_mean


def checked_integer(model: str, key: str, value: object, *, low: int, high: int | None) -> int:
    """Return a configured integer as an ``int``.

    Args:
        model: name of the error model, for the message.
        key: name of the configuration key, for the message.
        value: the configured value.
        low: the lowest allowed value.
        high: the highest allowed value; None for no limit.

    Raises:
        ErrorModelError: the value is not an integer, or out of range.
    """
    allowed = f"at least {low}" if high is None else f"from {low} to {high}"
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise ErrorModelError(
            f"{model}: {key} must be an integer {allowed}, got {value!r}: "
            f"write for example {key}={low}"
        )
    number = int(value)
    if number < low or (high is not None and number > high):
        raise ErrorModelError(
            f"{model}: {key} must be {allowed}, got {number}: choose a value in that range"
        )
    return number


def checked_choice(model: str, key: str, value: object, choices: Sequence[str]) -> None:
    """Check a configured word.

    Args:
        model: name of the error model, for the message.
        key: name of the configuration key, for the message.
        value: the configured value.
        choices: the allowed words.

    Raises:
        ErrorModelError: the value is not one of them.
    """
    if value not in choices:
        raise ErrorModelError(
            f"{model}: {key} must be one of {', '.join(choices)}, "
            f"got {value!r}{did_you_mean(str(value), choices)}"
        )


def checked_range(model: str, low: object, high: object) -> tuple[float, float] | tuple[None, None]:
    """Return the configured ``low`` and ``high`` as plain numbers, or None for both.

    Args:
        model: name of the error model, for the message.
        low: the lowest value, or None.
        high: the highest value, or None.

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
    least, greatest = checked_number(model, "low", low), checked_number(model, "high", high)
    if least > greatest:
        raise ErrorModelError(
            f"{model}: low must not be above high, got low={low}, high={high}: swap them"
        )
    return least, greatest


def checked_number(model: str, key: str, value: object, *, low: float | None = None) -> float:
    """Return a configured finite number as a ``float``, or as an ``int`` if it is an integer.

    Args:
        model: name of the error model, for the message.
        key: name of the configuration key, for the message.
        value: the configured value.
        low: the lowest allowed value; None for no limit.

    Raises:
        ErrorModelError: the value is not a number, not finite, or too low.
    """
    number: float | None = None
    if isinstance(value, int | np.integer) and not isinstance(value, bool):
        number = int(value) if abs(int(value)) <= sys.float_info.max else None
    elif isinstance(value, float | np.floating) and math.isfinite(value):
        number = float(value)
    if number is None or (low is not None and number < low):
        least = "" if low is None else f" of at least {low}"
        raise ErrorModelError(
            f"{model}: {key} must be a finite number{least}, got {value!r}: "
            f"write for example {key}=1.0"
        )
    return number
