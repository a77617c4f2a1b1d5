"""``onnxfi error-models show``."""

import inspect
import re
import textwrap
from collections.abc import Mapping
from typing import Any

import typer

from onnxfi.cli.options.arguments import ErrorModelArgument, JsonOption
from onnxfi.cli.output import print_json
from onnxfi.error_models import SpatialModel
from onnxfi.error_models import load as load_error_model
from onnxfi.error_models.registry import (
    default_configuration,
    find_error_model,
    parse_spec,
    required_keys,
    write_spec,
)
from onnxfi.error_models.spatial.display import describe

_WIDTH = 90  # columns of wrapped text

# A section of a Google docstring, and an attribute in one.
_SECTION = re.compile(r"^(\w+):\n((?:    .*\n?|\n)*)", re.MULTILINE)
_ATTRIBUTE = re.compile(r"^    (\w+): (.*(?:\n     +.*)*)", re.MULTILINE)


def show(
    spec: ErrorModelArgument,
    *,
    as_json: JsonOption = False,
) -> None:
    """Show an error model and its configuration.

    Example: onnxfi error-models show bitflip:bit=30
    """
    name, given = parse_spec(spec)
    kind = find_error_model(name)
    required = required_keys(kind)
    model = None
    if as_json or given or not required:
        model = load_error_model(spec)
        document = model.to_dict()
        if as_json:
            print_json(document)
            return
        configuration = document["configuration"]
    else:
        configuration = dict.fromkeys(required, "(required)") | default_configuration(kind)
    prose = _SECTION.sub("", inspect.getdoc(kind) or "").replace("``", "").strip()
    typer.echo(f"{name}: {prose}\n")
    typer.echo("Configuration:")
    descriptions = _describe_keys(kind)
    for key, value in configuration.items():
        typer.echo(f"  {key}: {_format_value(value)}".rstrip())
        for line in textwrap.wrap(descriptions.get(key, ""), _WIDTH):
            typer.echo(f"      {line}")
    if isinstance(model, SpatialModel) and model.distribution is not None:
        typer.echo("\nContents:")
        for line in describe(model.distribution):
            indent = " " * (4 + len(line) - len(line.lstrip()))
            typer.echo(textwrap.fill(f"  {line}", _WIDTH, subsequent_indent=indent))


def _describe_keys(kind: type) -> dict[str, str]:
    """Return the descriptions of attributes in the docstrings of a class and its bases."""
    descriptions: dict[str, str] = {}
    for each in reversed(kind.__mro__):
        sections = dict(_SECTION.findall(inspect.cleandoc(each.__doc__ or "")))
        for attribute, text in _ATTRIBUTE.findall(sections.get("Attributes", "")):
            descriptions[attribute] = " ".join(text.split()).replace("``", "")
    return descriptions


def _format_value(value: Any) -> str:
    """Return a value as a SPEC spells it."""
    if value is None:
        return ""
    if isinstance(value, Mapping):
        return write_spec("", value).removeprefix(":")
    return write_spec("", {"": value}).removeprefix(":=")
