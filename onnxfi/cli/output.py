"""Where the command line writes: results on stdout, progress and messages on stderr."""

import json
import math
from typing import Any

import typer
from rich.console import Console
from rich.table import Table

from onnxfi.campaign import Rate, TargetSummary

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


def summary_table(summaries: list[TargetSummary], *, title: str) -> Table:
    """Make the table of outcomes per target, each with its 95 % Wilson interval in percent."""
    table = Table(title=title, caption="shares in %, with their 95 % Wilson intervals")
    for heading in ("target", "op", "error model"):
        table.add_column(heading, overflow="fold")
    for heading in ("injections", "masked", "benign", "sdc", "due"):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in summaries:
        table.add_row(
            row.target,
            row.op_type,
            row.error_model,
            str(row.injections),
            *(rate_text(rate) for rate in (row.masked, row.benign, row.sdc, row.due)),
        )
    return table


def rate_text(rate: Rate) -> str:
    """Write a rate in percent with its interval."""
    return f"{100 * rate.share:.1f} [{100 * rate.low:.1f}, {100 * rate.high:.1f}]"
