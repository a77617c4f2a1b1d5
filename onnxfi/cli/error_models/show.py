"""``onnxfi error-models``: list and show; merge, derive and plot have files of their own."""

import inspect
import re
import textwrap
from collections.abc import Mapping
from typing import Annotated, Any

import typer
from rich.table import Table

from onnxfi.cli.error_models.derive import derive
from onnxfi.cli.error_models.merge import merge
from onnxfi.cli.error_models.plot import plot
from onnxfi.cli.options.arguments import JsonOption
from onnxfi.cli.output import print_json, print_table
from onnxfi.error_models import ERROR_MODELS, SpatialModel
from onnxfi.error_models import load as load_error_model
from onnxfi.error_models.registry import (
    declared_names,
    default_configuration,
    find_error_model,
    parse_spec,
    required_keys,
    write_spec,
)
from onnxfi.error_models.spatial.display import describe, summarise
from onnxfi.error_models.spatial.library import MODELS, built_in_model
from onnxfi.errors import ErrorModelError

app = typer.Typer(
    help="List and show error models.\n\nExample: onnxfi error-models list",
    no_args_is_help=True,
    rich_markup_mode=None,
)
for command in (merge, derive, plot):
    app.command()(command)

_WIDTH = 90

# A section of a Google docstring, and an attribute in one.
_SECTION = re.compile(r"^(\w+):\n((?:    .*\n?|\n)*)", re.MULTILINE)
_ATTRIBUTE = re.compile(r"^    (\w+): (.*(?:\n     +.*)*)", re.MULTILINE)


@app.command("list")
def list_models(*, as_json: JsonOption = False) -> None:
    """List the error models: of onnxfi, of installed packages, and the built-in spatial models.

    Example: onnxfi error-models list
    """
    rows = {name: _first_line(name) for name in dict.fromkeys((*ERROR_MODELS, *declared_names()))}
    for name in MODELS:
        rows[f"spatial:model={name}"] = summarise(built_in_model(name).distribution)
    if as_json:
        print_json(rows)
        return
    table = Table("name", "what it does")
    for name, text in rows.items():
        table.add_row(name, text)
    print_table(table)


@app.command()
def show(
    spec: Annotated[
        str,
        typer.Argument(
            metavar="SPEC", help="name, name:key=value,… or package.module:Class:key=value,…"
        ),
    ],
    *,
    as_json: JsonOption = False,
) -> None:
    """Show what an error model does and its configuration.

    Example: onnxfi error-models show bitflip:bit=30
    """
    name, said = parse_spec(spec)
    kind = find_error_model(name)
    required = required_keys(kind)
    model = None
    if as_json or said or not required:
        model = load_error_model(spec)
        document = model.to_dict()
        if as_json:
            print_json(document)
            return
        configuration = document["configuration"]
    else:
        configuration = dict.fromkeys(required, "must be given") | default_configuration(kind)
    prose = _SECTION.sub("", inspect.getdoc(kind) or "").replace("``", "").strip()
    typer.echo(f"{name}: {prose}\n")
    typer.echo("Configuration:")
    meanings = _meanings(kind)
    for key, value in configuration.items():
        typer.echo(f"  {key}: {_written(value)}".rstrip())
        for line in textwrap.wrap(meanings.get(key, ""), _WIDTH):
            typer.echo(f"      {line}")
    if isinstance(model, SpatialModel) and model.distribution is not None:
        typer.echo("\nContents:")
        for line in describe(model.distribution):
            indent = " " * (4 + len(line) - len(line.lstrip()))
            typer.echo(textwrap.fill(f"  {line}", _WIDTH, subsequent_indent=indent))


def _first_line(name: str) -> str:
    try:
        return next(iter((inspect.getdoc(find_error_model(name)) or "").splitlines()), "")
    except ErrorModelError as error:
        return f"cannot be used: {error}"


def _meanings(kind: type) -> dict[str, str]:
    """Return what the docstrings of a class and its bases say of each attribute."""
    meanings: dict[str, str] = {}
    for each in reversed(kind.__mro__):
        sections = dict(_SECTION.findall(inspect.cleandoc(each.__doc__ or "")))
        for attribute, text in _ATTRIBUTE.findall(sections.get("Attributes", "")):
            meanings[attribute] = " ".join(text.split()).replace("``", "")
    return meanings


def _written(value: Any) -> str:
    """Return a configured value as a text, as it is written in a SPEC."""
    if value is None:
        return ""
    if isinstance(value, Mapping):
        return write_spec("", value).removeprefix(":")
    return write_spec("", {"": value}).removeprefix(":=")
