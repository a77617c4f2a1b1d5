"""YAML in which ``1e-9`` is a number, as it is in YAML 1.2; PyYAML alone takes it for a text."""

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
