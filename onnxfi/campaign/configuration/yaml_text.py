"""Reads YAML as version 1.2 has it in two places where PyYAML does not.

``1e-9`` is a number, not a text; ``2:8`` is a text, not 128 (two minutes and eight seconds).
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
    """Give what a document holds.

    Raises:
        yaml.YAMLError: it is no YAML.
        ValueError: a value is not what it looks like, such as the date 2024-13-45.
    """
    return yaml.load(text, Loader=_Loader)


def dump_yaml(document: Any) -> str:
    """Give a document as ``load_yaml`` reads it, with its keys in their order."""
    text: str = yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True)
    return text
