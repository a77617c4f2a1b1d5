"""The program ``onnxfi``."""

import logging
import sys
from collections.abc import Iterable
from importlib import import_module
from typing import Annotated

import typer

import onnxfi
from onnxfi.cli.output import messages
from onnxfi.errors import OnnxfiError

INPUT_AT_FAULT = 2

# The module of each command, which holds a function of the command's name.
_COMMANDS = {
    "demo": "demo",
    "convert": "models.convert",
    "describe": "models.describe",
    "inspect": "models.inspect",
    "split": "models.split",
    "inject": "models.inject",
    "embed": "models.embed",
    "profile": "models.profile",
    "report": "campaign.report",
}
# The module of each group of commands, which holds its ``app``.
_GROUPS = {"campaign": "campaign.run", "error-models": "error_models.show"}


def _print_version(value: bool) -> None:
    if value:
        typer.echo(f"onnxfi {onnxfi.__version__}")
        raise typer.Exit


def _options(
    *,
    version: Annotated[
        bool,
        typer.Option(
            "--version", is_eager=True, callback=_print_version, help="Print the version."
        ),
    ] = False,
) -> None:
    """Inject faults into neural networks given as ONNX graphs, and measure what they do.

    Example: onnxfi demo
    """


def make_app(words: Iterable[str] = ()) -> typer.Typer:
    """Make the program.

    Args:
        words: what the user typed. If a command is the first of them, the program has no other:
            importing what all of them need takes longer than many a command runs.
    """
    first = next((x for x in words if not x.startswith("-")), None)
    app = typer.Typer(
        name="onnxfi",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,  # plain help and errors: brackets in them are text
    )
    app.callback()(_options)
    known = first in (*_COMMANDS, *_GROUPS)
    for name, module in _COMMANDS.items():
        if not known or name == first:
            app.command()(getattr(import_module(f"onnxfi.cli.{module}"), name))
    for name, module in _GROUPS.items():
        if not known or name == first:
            app.add_typer(import_module(f"onnxfi.cli.{module}").app, name=name)
    return app


def main() -> None:
    """Run the command line.

    Exit status: 0 done; 2 the user's input is at fault, with one clear message; 130 interrupted.
    """
    logging.basicConfig(format="%(message)s")
    logging.getLogger("onnxfi").setLevel(logging.INFO)  # "Running on the CPU: …"
    try:
        make_app(sys.argv[1:])()
    except OnnxfiError as error:
        messages.print(f"Error: {error}", style="red")
        sys.exit(INPUT_AT_FAULT)
