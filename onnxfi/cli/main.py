"""The program ``onnxfi``."""

import logging
import sys
from typing import Annotated

import typer

import onnxfi
from onnxfi.cli import campaign, error_models
from onnxfi.cli.convert import convert
from onnxfi.cli.demo import demo
from onnxfi.cli.describe import describe
from onnxfi.cli.embed import embed
from onnxfi.cli.inject import inject
from onnxfi.cli.inspect import inspect
from onnxfi.cli.output import messages
from onnxfi.cli.profile import profile
from onnxfi.cli.report import report
from onnxfi.cli.split import split
from onnxfi.errors import OnnxfiError

INPUT_AT_FAULT = 2

app = typer.Typer(
    name="onnxfi",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # plain help and errors: brackets in them are text
)
for command in (demo, convert, describe, inspect, split, inject, embed, profile, report):
    app.command()(command)
app.add_typer(campaign.app, name="campaign")
app.add_typer(error_models.app, name="error-models")


def _print_version(value: bool) -> None:
    if value:
        typer.echo(f"onnxfi {onnxfi.__version__}")
        raise typer.Exit


@app.callback()
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


def main() -> None:
    """Run the command line.

    Exit status: 0 done; 2 the user's input is at fault, with one clear message; 130 interrupted.
    """
    logging.basicConfig(format="%(message)s")
    logging.getLogger("onnxfi").setLevel(logging.INFO)  # "Running on the CPU: …"
    try:
        app()
    except OnnxfiError as error:
        messages.print(f"Error: {error}", style="red")
        sys.exit(INPUT_AT_FAULT)
