"""``onnxfi fit``."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from onnxfi.cli.options.arguments import DirectoryArgument, JsonOption
from onnxfi.cli.output import messages, print_json
from onnxfi.cli.tables import Column, Estimate, Row, Table, print_table
from onnxfi.failure_rates import BeamTest, FitInterval, FitReport, fit

_OVER_BUDGET = 1


def print_fit(
    directory: DirectoryArgument,
    *,
    rates: Annotated[
        Path, typer.Option(metavar="FIT.YAML", help="The memories and their raw failure rates.")
    ],
    beam: Annotated[
        str | None,
        typer.Option(metavar="errors=N,fluence=F", help="A beam test to compare with."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Compute failure rates in FIT from a campaign.

    A FIT is a failure in 10^9 hours. fit.yaml lists the memories with their raw rates, what lies in
    them, and detectors. The exit status is 1 if the upper end of the residual rate is above the
    budget.

    Example: onnxfi fit runs/lenet --rates fit.yaml
    """
    test = None if beam is None else BeamTest.parse(beam)
    found = fit(directory, rates)
    if as_json:
        print_json(_document(found, test))
    else:
        print_table(_table(found))
        for line in _lines(found):
            typer.echo(line)
        if test is not None:
            typer.echo(_compare(test, found.sdc))
    if found.missing:
        messages.print(f"Not counted, since they lie in no memory: {', '.join(found.missing)}.")
    if found.within_budget is False:
        raise typer.Exit(_OVER_BUDGET)


def _document(found: FitReport, test: BeamTest | None) -> dict[str, Any]:
    beam = None
    if test is not None:
        beam = {
            **asdict(test),
            "cross_section": asdict(test.cross_section),
            "fit": asdict(test.fit),
            "agrees": test.agrees_with(found.sdc),
        }
    return {
        **asdict(found),
        "targets": [
            {**asdict(x), "residual": x.residual, "per_mebibit": x.per_mebibit}
            for x in found.targets
        ],
        "within_budget": found.within_budget,
        "spfm_contribution": found.single_point_share,
        "pmhf_contribution": found.hourly,
        "beam": beam,
    }


def _table(found: FitReport) -> Table:
    budget = found.budget
    columns = [
        Column("target"),
        Column("memory"),
        Column("residency", "number"),
        Column("SDC, FIT", "number", important=True),
        Column("residual", "number"),
        *([Column("of budget", "number")] if budget is not None else []),
        Column("per Mibit", "number"),
    ]
    rows: list[Row] = [
        [
            x.name,
            x.memory or "-",
            f"{x.residency:.3g}",
            _estimate(x.sdc),
            f"{x.residual:.3g}",
            *([f"{100 * x.residual / budget:.1f} %"] if budget is not None else []),
            f"{x.per_mebibit:.3g}" if x.bits else "-",
        ]
        for x in found.targets
    ]
    return Table(columns, rows, title="Failure rates, what to protect first on top")


def _estimate(interval: FitInterval) -> str | Estimate:
    if interval.fit == 0 and interval.high > 0:
        return f"< {interval.high:.3g}"
    return Estimate(f"{interval.fit:.3g}", f"[{interval.low:.3g}, {interval.high:.3g}]")


def _lines(found: FitReport) -> list[str]:
    lines = [
        f"SDC before detection: {found.sdc}. DUE: {found.due}.",
        f"Residual (no detector sees it): {found.residual}; from {found.low_raw:.3g} to "
        f"{found.high_raw:.3g} FIT over the intervals of the raw rates.",
        f"Contribution to SPFM {100 * found.single_point_share:.2f} %, to PMHF "
        f"{found.hourly:.3g} per hour (ISO 26262-5; the metrics are of the whole item).",
    ]
    if found.budget is not None:
        verdict = "within" if found.within_budget else "not shown to be within"
        lines.append(
            f"The upper end, {found.residual.high:.3g} FIT, is {verdict} the budget of "
            f"{found.budget:g} FIT."
        )
    return lines


def _compare(test: BeamTest, predicted: FitInterval) -> str:
    section = test.cross_section
    agree = "agree" if test.agrees_with(predicted) else "disagree"
    return (
        f"Beam test: cross-section {section.fit:.3g} cm^2 [{section.low:.3g}, {section.high:.3g}], "
        f"{test.fit} at sea level. Prediction and beam test {agree}: their 95 % intervals "
        f"{'overlap' if agree == 'agree' else 'do not overlap'}."
    )
