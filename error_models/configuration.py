"""Checking and writing the configuration of an error model."""

import dataclasses
import difflib
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


def configuration_keys(model: type) -> tuple[str, ...]:
    """Give the configuration keys of an error model, which are its dataclass fields."""
    return tuple(field.name for field in dataclasses.fields(model))


def to_dict(model: Any) -> dict[str, Any]:
    """Give ``{"name": ..., "configuration": {...}}`` of an error model that is a dataclass."""
    configuration = {key: getattr(model, key) for key in configuration_keys(type(model))}
    return {"name": model.name, "configuration": configuration}


def closest(word: str, words: Iterable[str]) -> str:
    """Give ``" (did you mean 'x'?)"`` for the word most like the one given, or nothing."""
    near = difflib.get_close_matches(word, list(words), n=1)
    return f" (did you mean {near[0]!r}?)" if near else ""
