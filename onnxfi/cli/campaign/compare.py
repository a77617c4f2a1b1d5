"""``onnxfi campaign compare``."""

from collections.abc import Sequence
from typing import Annotated

import typer
from rich.table import Table

from onnxfi.campaign.statistics.comparison import ComparedGroup, Comparison, compare
from onnxfi.cli.options.arguments import JsonOption
from onnxfi.cli.output import print_json, print_table
from onnxfi.cli.rates import as_document, difference_text, rate_text
from onnxfi.errors import ConfigurationError


def compare_campaigns(
    before: Annotated[str, typer.Argument(metavar="DIR1", help="A run directory.")],
    after: Annotated[str, typer.Argument(metavar="DIR2", help="Another, to compare with it.")],
    *,
    rate: Annotated[
        list[str] | None,
        typer.Option(help="An outcome, or a rate of the metric such as sdc5; repeatable."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Tell what changed from one campaign to another: of a hardened or quantised model, say.

    Example: onnxfi campaign compare runs/plain runs/hardened
    """
    found = compare(before, after)
    if as_json:
        print_json(as_document(found))
        return
    rates = rate or ["sdc", "due"]
    known = {name for group in (*found.targets, *found.network) for name in group.rates}
    for name in rates:
        if known and name not in known:
            raise ConfigurationError(
                f"--rate must be one of {', '.join(sorted(known))}, got {name!r}."
            )
    for name in rates:
        print_table(_table(found, name, before, after))
    for place, targets in ((before, found.only_before), (after, found.only_after)):
        if targets:
            typer.echo(f"Only in {place}: {', '.join(targets)}")
    typer.echo(
        "Both inject the same faults, so each is compared with itself."
        if found.paired
        else "The two do not inject the same faults, so they are compared as independent samples."
    )


def _table(found: Comparison, name: str, before: str, after: str) -> Table:
    table = Table(
        title=f"{name}: {before} and {after}",
        caption="in % and percentage points, with their 95 % intervals; p is that of no change",
    )
    for heading in ("target", "error model"):
        table.add_column(heading, overflow="fold")
    for heading in ("before", "after", "change", "p"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("test")
    _add_rows(table, found.targets, name)
    if found.network:
        table.add_section()
        _add_rows(table, found.network, name)
    return table


def _add_rows(table: Table, groups: Sequence[ComparedGroup], name: str) -> None:
    for group in groups:
        if name not in group.rates:
            continue
        rate = group.rates[name]
        target = group.target or "the whole network"
        if group.target_after != group.target:
            target += f" / {group.target_after}"
        table.add_row(
            target,
            group.error_model,
            rate_text(rate.before),
            rate_text(rate.after),
            difference_text(rate.difference),
            f"{rate.p:.2g}",
            rate.test,
        )
