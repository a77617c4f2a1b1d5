"""``onnxfi campaign summary``."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from onnxfi.cli.campaign.outcome_tables import (
    coverage_table,
    due_table,
    group_table,
    masking_table,
    network_table,
)
from onnxfi.cli.options.arguments import DirectoryArgument, JsonOption, RatesOption
from onnxfi.cli.output import print_json
from onnxfi.cli.rates import format_rate, to_document
from onnxfi.cli.tables import Column, Table, print_table
from onnxfi.errors import ConfigurationError
from onnxfi.injector import OUTCOMES
from onnxfi.run_directory import RunDirectory
from onnxfi.statistics import (
    GROUPINGS,
    UNFLAGGED_SDC,
    WrongInputsHandling,
    describe_counts,
    describe_drivers,
    describe_false_alarms,
    describe_masking,
    find_drivers,
    summarise,
)
from onnxfi.storage import display_path
from onnxfi.suggestions import did_you_mean


class Denominator(StrEnum):
    """Denominators of rates."""

    INFERENCE = "inference"
    FAULT = "fault"


def summary(
    directory: DirectoryArgument,
    *,
    by: Annotated[
        list[str] | None,
        typer.Option(help=f"Print only this breakdown: {', '.join(GROUPINGS)}; repeatable."),
    ] = None,
    rate: RatesOption = None,
    per: Annotated[
        Denominator, typer.Option(help="Count rates per inference or per fault.")
    ] = Denominator.INFERENCE,
    wrong_inputs: Annotated[
        WrongInputsHandling | None,
        typer.Option(help="Keep or exclude inputs that the model gets wrong without a fault."),
    ] = None,
    drivers: Annotated[
        bool, typer.Option("--drivers", help="Print what explains the sdc outcomes instead.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Summarise the records of a campaign.

    Every rate is of one error model. --json prints all statistics, or those of --by.

    Example: onnxfi campaign summary runs/lenet --by bit_field --by layer
    """
    if drivers:
        print_drivers(directory, as_json=as_json)
        return
    print_summary(
        directory, by=by or (), rates=rate or OUTCOMES, per=per, wrong=wrong_inputs, as_json=as_json
    )


def print_drivers(directory: str, *, as_json: bool) -> None:
    """Print how much of the sdc outcomes each property of the faults explains.

    Raises:
        ConfigurationError: there are no records.
    """
    found = find_drivers(directory)
    if as_json:
        print_json(to_document(found))
        return
    print_table(
        Table(
            [
                Column("property"),
                Column("error model"),
                Column("values", "number"),
                Column("injections", "number"),
                Column("explained", "number", important=True),
            ],
            [
                (x.factor, x.error_model, str(x.levels), str(x.faults), f"{100 * x.explained:.1f}")
                for x in found
            ],
            title=f"Drivers of sdc in {display_path(directory)}",
            caption="share of the variance of sdc between the values of one property, in %",
            within="error model",
        )
    )
    typer.echo()
    typer.echo("\n".join(describe_drivers(found)))


def print_summary(
    directory: str | Path,
    *,
    by: Sequence[str] = (),
    rates: Sequence[str] = OUTCOMES,
    per: Denominator = Denominator.INFERENCE,
    wrong: WrongInputsHandling | None = None,
    as_json: bool = False,
) -> None:
    """Print the statistics of a run directory.

    Args:
        directory: the run directory.
        by: the groupings to print; if there are none, everything is printed.
        rates: the rates to show.
        per: the denominator of rates.
        wrong: whether inputs count that are wrong without a fault; by default as configured.
        as_json: print JSON instead of tables.

    Raises:
        ConfigurationError: there are no records, no such grouping or no such rate.
    """
    _check("--by", by, GROUPINGS)
    opened = RunDirectory.open(directory)
    found = summarise(directory, opened.configuration, wrong_inputs=wrong)
    if by:
        found = replace(found, groups={x: found.groups[x] for x in by if x in found.groups})
    if as_json:
        print_json(to_document(found))
        return
    for some in found.groups.values():
        _check("--rate", rates, some[0].per_inference)
    place = display_path(directory)
    if not by and found.network:
        print_table(network_table(found, rates=rates))
        if found.detection is not None and rates == OUTCOMES:
            unflagged = (
                f"{x.error_model} {format_rate(x.per_inference[UNFLAGGED_SDC])}"
                for x in found.network
            )
            typer.echo(f"sdc that is not flagged, in %: {', '.join(unflagged)}")
        typer.echo()
    for grouping in by or ["target"]:
        words = grouping.replace("_", " ")
        if groups := found.groups.get(grouping):
            title = f"Outcomes in {place} by {words}"
            print_table(group_table(groups, title=title, rates=rates, per=per.value))
        else:
            typer.echo(f"No record has a {words}.")
        typer.echo()
    if not by and found.detection is not None:
        if found.detection.targets:
            detection = found.detection
            print_table(coverage_table([*detection.network, *detection.targets]))
        typer.echo(describe_false_alarms(found.detection))
        typer.echo()
    if not by and found.due:
        print_table(due_table(found))
        typer.echo()
    if not by and any(place.tensor for x in found.masking for place in x.masked_at):
        print_table(masking_table(found))
        typer.echo()
    typer.echo("\n".join(filter(None, [describe_counts(found), describe_masking(found)])))


def _check(option: str, given: Iterable[str], known: Collection[str]) -> None:
    for name in given:
        if name not in known:
            raise ConfigurationError(
                f"{option} must be one of {', '.join(known)}, got {name!r}"
                f"{did_you_mean(name, known)}."
            )
