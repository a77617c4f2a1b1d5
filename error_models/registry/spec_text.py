"""Reads and writes error models as text: ``name:key=value,...``."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from onnxfi.errors import ErrorModelError

# A comma between brackets separates the items of a list.
_COMMA = re.compile(r",(?![^\[]*\])")
_WORDS = {"true": True, "false": False}


def parse_spec(
    text: str, *, what: str = "an error model", example: str = "bitflip:bit=30,count=2"
) -> tuple[str, dict[str, Any]]:
    """Split a text into the name and the configuration of an error model, or of a metric.

    The text is ``name``, ``name:key=value,...``, or the same with ``package.module:Class`` for the
    name. A value is a number, ``true`` or ``false``, a list ``[value,value]``, or otherwise a text.
    A dot in a key selects a key of a mapping: ``region.rows=3`` is ``{"region": {"rows": 3}}``.

    Args:
        text: the text.
        what: the name for it in messages.
        example: the example in messages.

    Raises:
        ErrorModelError: the text does not have that form.
    """
    name, colon, rest = (part.strip() for part in text.partition(":"))
    head, _, tail = rest.partition(":")
    if "=" not in head and head.strip().isidentifier():
        name, colon, rest = f"{name}:{head.strip()}", ":" if tail else "", tail
    configuration: dict[str, Any] = {}
    for item in _COMMA.split(rest) if colon else ():
        key, equals, value = (part.strip() for part in item.partition("="))
        if not key or not equals or not value:
            raise ErrorModelError(
                f"{what} is written name or name:key=value,key=value, "
                f"got {item!r} in {text!r}: write for example {example}"
            )
        if not _put(configuration, key, _parse_value(value)):
            raise ErrorModelError(
                f"each key of {what} must be given once, got {key!r} again in {text!r}: keep one"
            )
    return name, configuration


def write_spec(name: str, configuration: Mapping[str, Any]) -> str:
    """Write an error model in the form that ``parse_spec`` reads, without keys that are None."""
    items = ",".join(f"{key}={_write_value(value)}" for key, value in _flat(configuration))
    return f"{name}:{items}" if items else name


def _put(configuration: dict[str, Any], key: str, value: Any) -> bool:
    """Store a value under a dotted key; return False if there was one already."""
    *path, last = key.split(".")
    place: Any = configuration
    for part in path:
        place = place.setdefault(part, {}) if isinstance(place, dict) else None
    if not isinstance(place, dict) or last in place:
        return False
    place[last] = value
    return True


def _parse_value(text: str) -> Any:
    """Read a list, a word, an integer or a float; return any other text unchanged."""
    if text.startswith("[") and text.endswith("]"):
        return [_parse_value(item.strip()) for item in text[1:-1].split(",") if item.strip()]
    if text in _WORDS:
        return _WORDS[text]
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _flat(configuration: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for key, value in configuration.items():
        if isinstance(value, Mapping):
            yield from ((f"{key}.{inner}", each) for inner, each in _flat(value))
        elif value is not None:
            yield key, value


def _write_value(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return f"[{','.join(map(_write_value, value))}]"
    return str(value)
