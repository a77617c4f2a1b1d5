"""Where the command line writes: results on stdout, progress and messages on stderr."""

import json
import math
from typing import Any

import typer
from rich.console import Console
from rich.table import Table

# Names of tensors and files are data: "[bold]" and ":dog:" in them mean nothing.
_PLAIN: dict[str, Any] = {"markup": False, "emoji": False, "highlight": False}

#: For progress and messages.
messages = Console(stderr=True, soft_wrap=True, **_PLAIN)


def print_json(document: Any) -> None:
    """Print a result as JSON; NaN and infinities, which JSON lacks, become strings."""
    typer.echo(json.dumps(_finite(document), indent=2, allow_nan=False))


def _finite(document: Any) -> Any:
    if isinstance(document, dict):
        return {key: _finite(value) for key, value in document.items()}
    if isinstance(document, list | tuple):
        return [_finite(value) for value in document]
    if isinstance(document, float) and not math.isfinite(document):
        return str(document)
    return document


def print_table(table: Table) -> None:
    """Print a table: as wide as the terminal, or as wide as it is where there is none."""
    console = Console(**_PLAIN)
    if not console.is_terminal:
        console = Console(width=200, **_PLAIN)
    console.print(table)
