"""Reads and writes YAML by version 1.2 where PyYAML differs.

``1e-9`` is a number and not a text; ``2:8`` is a text and not 128 (minutes and seconds).
"""

import re
from collections.abc import Iterator
from itertools import accumulate, islice
from typing import Any

import yaml

# More than any configuration has. Aliases can stand for thousands of millions of values.
_DEEPEST = 100
_MOST_VALUES = 1_000_000


class _Loader(yaml.SafeLoader):
    pass


class _Dumper(yaml.SafeDumper):
    pass


for _each in (_Loader, _Dumper):
    _each.add_implicit_resolver(
        "tag:yaml.org,2002:float",
        re.compile(r"[-+]?\d+(\.\d*)?[eE][-+]?\d+$", re.ASCII),
        list("-+0123456789"),
    )

_INT = "tag:yaml.org,2002:int"
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != _INT]
    for first, resolvers in _Loader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(
    _INT,
    re.compile(r"[-+]?(0b[0-1_]+|0x[0-9a-fA-F_]+|0[0-7_]+|0|[1-9][0-9_]*)$", re.ASCII),
    list("-+0123456789"),
)


def load_yaml(text: str) -> Any:
    """Return the content of a document.

    Raises:
        yaml.YAMLError: it is not YAML.
        ValueError: a value is malformed, such as the date 2024-13-45.
    """
    if _depth(text) > _DEEPEST:  # PyYAML takes minutes for it
        raise yaml.YAMLError(f"the document is nested more than {_DEEPEST} deep")
    try:
        document = yaml.load(text, Loader=_Loader)
    except RecursionError as error:
        raise yaml.YAMLError("the document is nested too deeply") from error
    if sum(1 for _ in islice(_values(document), _MOST_VALUES + 1)) > _MOST_VALUES:
        raise yaml.YAMLError(f"the document has more than {_MOST_VALUES} values")
    if any(isinstance(x, str) and "\0" in x for x in _values(document)):
        raise yaml.YAMLError("a text holds a null character, which no name of a file may")
    return document


def _depth(text: str) -> int:
    """Return how deep the brackets of a text are nested; those in quotes count too."""
    steps = (1 if x in "[{" else -1 for x in text if x in "[]{}")
    return max(accumulate(steps), default=0)


def _values(document: Any) -> Iterator[Any]:
    """Yield all values of a document, those behind an alias each time it is used."""
    waiting = [document]
    while waiting:
        value = waiting.pop()
        yield value
        if isinstance(value, dict):
            waiting.extend((*value.keys(), *value.values()))
        elif isinstance(value, list):
            waiting.extend(value)


def dump_yaml(document: Any) -> str:
    """Return a document as text for ``load_yaml``; keys keep their order."""
    text: str = yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True)
    return text
