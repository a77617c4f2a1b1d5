"""``onnxfi campaign compare``."""

from collections.abc import Sequence
from typing import Annotated

import typer
from rich.table import Table

from onnxfi.cli.options.arguments import JsonOption, RatesOption
from onnxfi.cli.output import print_json, print_table
from onnxfi.cli.rates import format_difference, format_rate, to_document
from onnxfi.errors import ConfigurationError
from onnxfi.statistics import ComparedGroup, Comparison, compare


def compare_campaigns(
    before: Annotated[str, typer.Argument(metavar="DIR1", help="A run directory.")],
    after: Annotated[
        str, typer.Argument(metavar="DIR2", help="The run directory to compare with it.")
    ],
    *,
    rate: RatesOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compare two campaigns.

    For example, compare a model before and after hardening or quantising it.

    Example: onnxfi campaign compare runs/plain runs/hardened
    """
    found = compare(before, after)
    if as_json:
        print_json(to_document(found))
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
        "Both campaigns inject the same faults, so they are compared fault by fault."
        if found.paired
        else "The campaigns inject different faults, so they are compared as independent samples."
    )


def _table(found: Comparison, name: str, before: str, after: str) -> Table:
    table = Table(
        title=f"{name}: {before} and {after}",
        caption="in % and percentage points, with 95 % intervals; p: p-value of no change",
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
        target = group.target or "whole network"
        if group.target_after != group.target:
            target += f" / {group.target_after}"
        table.add_row(
            target,
            group.error_model,
            format_rate(rate.before),
            format_rate(rate.after),
            format_difference(rate.difference),
            f"{rate.p:.2g}",
            rate.test,
        )
