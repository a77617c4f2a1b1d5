"""``onnxfi campaign compare``."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from onnxfi.campaign import Overhead, measure_overhead
from onnxfi.cli.campaign.outcome_tables import coverage_table
from onnxfi.cli.cost_table import cost_table
from onnxfi.cli.options.arguments import JsonOption, RatesOption
from onnxfi.cli.output import messages, print_json
from onnxfi.cli.rates import estimate_difference, estimate_rate, to_document
from onnxfi.cli.tables import Column, Row, Table, print_table
from onnxfi.errors import ConfigurationError
from onnxfi.report import write_comparison_report
from onnxfi.statistics import (
    UNFLAGGED_SDC,
    ComparedGroup,
    Comparison,
    compare,
    describe_false_alarms,
)


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
    if report is not None:
        write_comparison_report(before, after, report)
        messages.print(f"Report: {report}")
    print_comparison(before, after, rates=rate or (), as_json=as_json)


def print_comparison(
    before: str, after: str, *, rates: Sequence[str] = (), as_json: bool = False
) -> None:
    """Print the comparison of two run directories.

    Args:
        before: a run directory.
        after: another one, such as one of a hardened model.
        rates: the rates to show; by default sdc, due, and with alarms the sdc that none saw.
        as_json: print JSON instead of tables.

    Raises:
        ConfigurationError: they have no records, nothing in common, or no such rate.
    """
    found = compare(before, after)
    cost = measure_overhead(before, after)
    if as_json:
        print_json({**to_document(found), "overhead": None if cost is None else to_document(cost)})
        return
    known = {name for group in (*found.targets, *found.network) for name in group.rates}
    rates = rates or ("sdc", "due", *(UNFLAGGED_SDC,) * (UNFLAGGED_SDC in known))
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
    if found.detection is not None:
        if found.detection.targets:
            detection = found.detection
            print_table(coverage_table([*detection.network, *detection.targets]))
            typer.echo()
        if found.coverage_before:
            print_table(
                coverage_table(
                    found.coverage_before,
                    title="What alarms see of the faults that harm the first model",
                    caption="coverage: share of its sdc and due that raise an alarm in the second, "
                    "in %, per fault",
                )
            )
            typer.echo()
        typer.echo(describe_false_alarms(found.detection))
        typer.echo()
    if found.golden_accuracy is not None:
        first, second = (f"{x.count} of {x.total} inputs" for x in found.golden_accuracy)
        typer.echo(f"Right without faults: {first} before, {second} after.")
    if cost is not None:
        print_table(_cost_table(cost))
        typer.echo()
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


def _cost_table(cost: Overhead) -> Table:
    return cost_table(
        cost.before,
        cost.after,
        ("before", "after"),
        microseconds=(round(1e6 * cost.seconds_before), round(1e6 * cost.seconds_after)),
        title="Cost of an inference",
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
