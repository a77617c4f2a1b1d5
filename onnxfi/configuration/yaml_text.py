"""Reads and writes YAML by version 1.2 where PyYAML differs.

``1e-9`` is a number and not a text; ``2:8`` is a text and not 128 (minutes and seconds).
"""

import re
from typing import Any

import yaml


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
    try:
        return yaml.load(text, Loader=_Loader)
    except RecursionError as error:
        raise yaml.YAMLError("the document is nested too deeply") from error


def dump_yaml(document: Any) -> str:
    """Return a document as text for ``load_yaml``; keys keep their order."""
    text: str = yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True)
    return text
