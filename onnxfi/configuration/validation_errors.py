"""Locates and describes the errors of a configuration."""

from collections.abc import Iterator, Sequence
from typing import Any, get_args

import yaml
from pydantic import BaseModel

from onnxfi.configuration.selections import Targets, TargetsTogether
from onnxfi.suggestions import did_you_mean

# The settings that take a word besides numbers.
_WORD_OR_NUMBER: dict[tuple[str | int, ...], str] = {
    ("execution", "lanes"): "auto",
    ("execution", "workers"): "auto",
    ("execution", "shard"): "auto",
    ("injections", "inputs_per_fault"): "all",
}


def describe_yaml_problem(error: Exception) -> str:
    """Return where a text is not YAML, and why."""
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None)
    if mark is None or problem is None:
        return " ".join(str(error).split())
    return f"line {mark.line + 1}, column {mark.column + 1}: {problem}"


def follows_from_others(entry: Any) -> bool:
    """Whether a list counts as empty only because its items have errors of their own."""
    return entry["type"] == "too_short" and bool(entry["input"])


def describe_error(text: str, entry: Any, section: type[BaseModel]) -> tuple[str, str]:
    """Return the place of an error, and the line that describes it."""
    location = tuple(entry["loc"])
    word = _WORD_OR_NUMBER.get(location[:2])
    if location[:1] == ("execution",) or word is not None:
        # The rest names a member of a union.
        location = location[: 3 if location[:2] == ("execution", "limits") else 2]
    if location[:1] == ("targets",):
        location = (*location[:1], *location[2:])  # the tag of a union
    place = ".".join(str(x) for x in location)
    line = _line(yaml.compose(text), location)
    where = f"  line {line}, {place}: " if line else f"  {place}: "
    if entry["type"] == "extra_forbidden":
        keys = _section_at(section, location[:-1]).model_fields
        suggestion = did_you_mean(str(location[-1]), keys)
        return place, f"{where}unknown key{suggestion}; the keys here are {', '.join(keys)}."
    if entry["type"] == "too_short":
        return place, f"{where}must not be empty."
    if entry["type"] == "missing":
        return place, f"{where}must be given."
    if entry["type"] == "model_type":
        keys = _section_at(section, location).model_fields
        return place, (
            f"{where}must be a mapping with the keys {', '.join(keys)}, got {entry['input']!r}."
        )
    message = entry["msg"].removeprefix("Value error, ").rstrip(".")
    if entry["type"] == "value_error" and location[0] != "execution":
        return place, f"{where}{message}."  # the message has the value
    if word is not None:
        message = f"must be '{word}' or a whole number of at least 1"
    return place, f"{where}{message}, got {entry['input']!r}."


def _line(node: yaml.Node | None, location: Sequence[str | int]) -> int | None:
    """Return the line of a place in composed YAML, from 1, or of its closest parent."""
    line = None
    for step in location:
        found = None
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if key.value == str(step):
                    found, line = value, key.start_mark.line + 1
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int):
            found = node.value[step]
            line = found.start_mark.line + 1
        if found is None:
            break
        node = found
    return line


def _section_at(section: type[BaseModel], location: Sequence[str | int]) -> type[BaseModel]:
    """Return the section at a place of the configuration, or the closest one above it."""
    if location[:1] == ("targets",):
        section, location = (TargetsTogether if location[1:] else Targets), location[2:]
    for step in location:
        field = section.model_fields.get(str(step))
        # Otherwise the step is an index, or a key of a mapping.
        if field is not None:
            section = next(_sections_in(field.annotation), section)
    return section


def _sections_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for each in get_args(annotation):
        yield from _sections_in(each)
