"""``onnxfi campaign compare``."""

from pathlib import Path
from typing import Annotated

import typer

from onnxfi.cli.options.arguments import JsonOption, RatesOption
from onnxfi.cli.output import messages, print_json
from onnxfi.cli.rates import estimate_difference, estimate_rate, to_document
from onnxfi.cli.tables import Column, Row, Table, print_table
from onnxfi.errors import ConfigurationError
from onnxfi.report import write_comparison_report
from onnxfi.statistics import ComparedGroup, Comparison, compare


def compare_campaigns(
    before: Annotated[str, typer.Argument(metavar="DIR1", help="A run directory.")],
    after: Annotated[
        str, typer.Argument(metavar="DIR2", help="The run directory to compare with it.")
    ],
    *,
    rate: RatesOption = None,
    report: Annotated[
        Path | None,
        typer.Option("--report", metavar="FILE", help="Write an HTML report too (extra report)."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Compare two campaigns.

    For example, compare a model before and after hardening or quantising it.

    Example: onnxfi campaign compare runs/plain runs/hardened
    """
    found = compare(before, after)
    if report is not None:
        write_comparison_report(before, after, report)
        messages.print(f"Report: {report}")
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
        typer.echo()
    for place, targets in ((before, found.only_before), (after, found.only_after)):
        if targets:
            missing = ", ".join(f"{x.target} ({x.error_model})" for x in targets)
            typer.echo(f"Only in {place}: {missing}")
    typer.echo(
        "Both campaigns inject the same faults, so they are compared fault by fault."
        if found.paired
        else "The campaigns inject different faults, so they are compared as independent samples."
    )


def _table(found: Comparison, name: str, before: str, after: str) -> Table:
    return Table(
        [
            Column("target"),
            Column("error model"),
            Column("before", "number"),
            Column("after", "number"),
            Column("change", "number", important=True),
            Column("p", "number"),
            Column("test"),
        ],
        [
            row
            for groups in (found.network, found.targets)
            for x in groups
            if (row := _row(x, name)) is not None
        ],
        title=f"{name}: {before} (before) and {after} (after)",
        caption="in % and percentage points, with 95 % intervals; p: p-value of no change",
        within="error model",
    )


def _row(group: ComparedGroup, name: str) -> Row | None:
    """Return the row of a target; None if it lacks the rate."""
    if name not in group.rates:
        return None
    rate = group.rates[name]
    target = group.target or "whole network"
    if group.target_after != group.target:
        target += f" / {group.target_after}"
    return (
        target,
        group.error_model,
        estimate_rate(rate.before),
        estimate_rate(rate.after),
        estimate_difference(rate.difference),
        f"{rate.p:.2g}",
        rate.test,
    )
