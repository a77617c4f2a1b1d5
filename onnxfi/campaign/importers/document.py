"""Reads the flat files of other tools; errors name the file, the key and the rule."""

import json
import math
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import yaml

from onnxfi.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class Document:
    """The keys and values of a file.

    Attributes:
        path: the file.
        values: the values by key; None for a key without a value.
    """

    path: Path
    values: Mapping[str, Any]

    @classmethod
    def from_yaml(cls, path: Path) -> Self:
        """Read a YAML file.

        Raises:
            ConfigurationError: the file cannot be read, or holds no mapping.
        """
        text = _read(path)
        try:
            return cls._of(path, yaml.safe_load(text))
        # A date such as 2024-13-45 looks like YAML, and making a date of it is a ValueError.
        except (yaml.YAMLError, ValueError, RecursionError) as error:
            raise _no_document(path, "YAML", error) from error

    @classmethod
    def from_json(cls, path: Path) -> Self:
        """Read a JSON file.

        Raises:
            ConfigurationError: the file cannot be read, or holds no object.
        """
        text = _read(path)
        try:
            return cls._of(path, json.loads(text))
        except (ValueError, RecursionError) as error:
            raise _no_document(path, "JSON", error) from error

    @classmethod
    def _of(cls, path: Path, values: object) -> Self:
        if isinstance(values, dict):
            return cls(path, {str(key): value for key, value in values.items()})
        raise ValueError(f"it holds {type(values).__name__} instead of keys with values")

    def wrong(self, key: str, rule: str) -> ConfigurationError:
        """Return the error for a key with an invalid value."""
        got = f"got {self.values[key]!r}" if key in self.values else "and is missing"
        return ConfigurationError(f"{self.path}: {key} must be {rule}, {got}.")

    def choice(self, key: str, allowed: Collection[str]) -> str:
        """Return the word under a key.

        Raises:
            ConfigurationError: it is none of those allowed.
        """
        value = self.values.get(key)
        if isinstance(value, str) and value in allowed:
            return value
        raise self.wrong(key, " or ".join(allowed))

    def text(self, key: str, rule: str) -> str:
        """Return the text under a key.

        Raises:
            ConfigurationError: it says none, or an empty one.
        """
        value = self.values.get(key)
        if isinstance(value, str) and value:
            return value
        raise self.wrong(key, rule)

    def integer(self, key: str, rule: str, *, low: int, high: int | None = None) -> int:
        """Return the whole number under a key, a number or a text of digits.

        Raises:
            ConfigurationError: it is none, or out of range.
        """
        value = self.values.get(key)
        if isinstance(value, str) and re.fullmatch(r"\s*\d{1,18}\s*", value):
            value = int(value)
        if (
            isinstance(value, int)
            and not isinstance(value, bool)
            and low <= value
            and (high is None or value <= high)
        ):
            return value
        raise self.wrong(key, rule)

    def number(self, key: str, rule: str) -> float:
        """Return the finite number under a key.

        Raises:
            ConfigurationError: it is none.
        """
        value = self.values.get(key)
        if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
            return value
        raise self.wrong(key, rule)

    def unknown(self, known: Collection[str]) -> tuple[str, ...]:
        """Return a note for each key that the other tool does not have."""
        return tuple(
            f"{key}: {value!r} is ignored: the tool's published version has no such key."
            for key, value in self.values.items()
            if key not in known
        )


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise ConfigurationError(f"{path} cannot be read as text: {reason}.") from error


def _no_document(path: Path, language: str, error: Exception) -> ConfigurationError:
    return ConfigurationError(
        f"{path} must hold keys with values in {language}: {' '.join(str(error).split())}."
    )
