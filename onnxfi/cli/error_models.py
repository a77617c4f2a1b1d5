"""``onnxfi error-models list|show``."""

import inspect
from typing import Annotated

import typer
from rich.table import Table

from onnxfi.cli.arguments import JsonOption
from onnxfi.cli.output import print_json, print_table
from onnxfi.error_models import ERROR_MODELS
from onnxfi.error_models import load as load_error_model

app = typer.Typer(
    help="List and show error models.\n\nExample: onnxfi error-models list",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.command("list")
def list_models(*, as_json: JsonOption = False) -> None:
    """List the error models.

    Example: onnxfi error-models list
    """
    rows = {
        name: (inspect.getdoc(kind) or "").splitlines()[0] for name, kind in ERROR_MODELS.items()
    }
    if as_json:
        print_json(rows)
        return
    table = Table("name", "what it does")
    for name, text in rows.items():
        table.add_row(name, text)
    print_table(table)


@app.command()
def show(
    spec: Annotated[str, typer.Argument(metavar="SPEC", help="name or name:key=value,…")],
    *,
    as_json: JsonOption = False,
) -> None:
    """Show what an error model does and its configuration.

    Example: onnxfi error-models show bitflip:bit=30
    """
    model = load_error_model(spec)
    if as_json:
        print_json(model.to_dict())
        return
    typer.echo(inspect.getdoc(model))
    typer.echo("\nConfiguration:")
    for key, value in model.to_dict()["configuration"].items():
        typer.echo(f"  {key}: {value}")
