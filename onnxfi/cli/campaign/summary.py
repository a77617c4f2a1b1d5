"""``onnxfi campaign summary``."""

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from onnxfi.cli.campaign.live_run import display_path
from onnxfi.cli.options.arguments import DirectoryArgument, JsonOption, RatesOption
from onnxfi.cli.output import print_json, print_table
from onnxfi.cli.rates import CAPTION, format_difference, format_rate, to_document
from onnxfi.errors import ConfigurationError
from onnxfi.injector import OUTCOMES
from onnxfi.run_directory import RunDirectory
from onnxfi.statistics import (
    GROUPINGS,
    CampaignStatistics,
    GroupStatistics,
    WrongInputsHandling,
    describe_counts,
    describe_due,
    describe_masking,
    describe_place,
    summarise,
)

_HEADINGS = {"op_type": "op", "error_model": "error model"}
# Keys of a target that only --json shows.
_JSON_ONLY = ("layer", "kind", "target_bits")


class Denominator(StrEnum):
    """Denominators of rates."""

    INFERENCE = "inference"
    FAULT = "fault"


def summary(
    directory: DirectoryArgument,
    *,
    by: Annotated[
        list[str] | None, typer.Option(help=f"Group by {', '.join(GROUPINGS)}; repeatable.")
    ] = None,
    rate: RatesOption = None,
    per: Annotated[
        Denominator, typer.Option(help="Count rates per inference or per fault.")
    ] = Denominator.INFERENCE,
    wrong_inputs: Annotated[
        WrongInputsHandling | None,
        typer.Option(help="Keep or exclude inputs that the model gets wrong without a fault."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Summarise the records of a campaign.

    --json prints all statistics.

    Example: onnxfi campaign summary runs/lenet --by bit_field --by layer
    """
    opened = RunDirectory.open(directory)
    found = summarise(
        directory,
        opened.configuration,
        wrong_inputs=wrong_inputs,
    )
    if as_json:
        print_json(to_document(found))
        return
    _print(found, str(directory), by=by or ["target"], rates=rate or OUTCOMES, per=per)


def print_summary(directory: str | Path) -> None:
    """Print the outcomes per target of a run directory."""
    found = summarise(directory, RunDirectory.open(directory).configuration)
    title = f"Outcomes in {display_path(directory)}"
    _print(found, title, by=["target"], rates=OUTCOMES, per=Denominator.INFERENCE)


def _print(
    found: CampaignStatistics,
    title: str,
    *,
    by: Sequence[str],
    rates: Sequence[str],
    per: Denominator,
) -> None:
    for grouping in by:
        if grouping not in GROUPINGS:
            raise ConfigurationError(
                f"--by must be one of {', '.join(GROUPINGS)}, got {grouping!r}."
            )
        groups = found.groups.get(grouping)
        if groups is None:
            typer.echo(f"No record has a {grouping.replace('_', ' ')}.")
        else:
            print_table(_table(groups, title=title, rates=rates, per=per))
    if found.network:
        print_table(_network_table(found))
    if found.due:
        print_table(_due_table(found))
    if any(place.tensor for x in found.masking for place in x.masked_at):
        print_table(_masking_table(found))
    typer.echo("\n".join(filter(None, [describe_counts(found), describe_masking(found)])))


def _table(
    groups: Sequence[GroupStatistics], *, title: str, rates: Sequence[str], per: Denominator
) -> Table:
    table = Table(title=title, caption=f"{CAPTION}, per {per.value}")
    keys = [name for name in groups[0].key if name not in _JSON_ONLY or len(groups[0].key) == 1]
    for name in keys:
        table.add_column(_HEADINGS.get(name, name.replace("_", " ")), overflow="fold")
    several = any(x.faults != x.injections for x in groups)
    labelled = per is Denominator.INFERENCE and any(x.accuracy for x in groups)
    numbers = ["injections", *(["faults"] if several else []), *rates]
    for heading in [*numbers, *(["accuracy drop"] if labelled else [])]:
        table.add_column(heading, justify="right", no_wrap=True)
    for group in groups:
        of_group = group.per_inference if per is Denominator.INFERENCE else group.per_fault
        unknown = [name for name in rates if name not in of_group]
        if unknown:
            raise ConfigurationError(
                f"--rate must be one of {', '.join(of_group)}, got {unknown[0]!r}."
            )
        drop = "" if group.accuracy is None else format_difference(group.accuracy.drop)
        table.add_row(
            *(_key_text(group.key[name]) for name in keys),
            str(group.injections),
            *([str(group.faults)] if several else []),
            *(format_rate(of_group[name]) for name in rates),
            *([drop] if labelled else []),
        )
    return table


def _key_text(value: object) -> str:
    return "" if value is None else str(value)


def _network_table(found: CampaignStatistics) -> Table:
    table = Table(
        title="Whole network: targets weighted by their bits",
        caption="shares in % with 95 % intervals, per inference",
    )
    table.add_column("error model", overflow="fold")
    for heading in ("targets", *found.network[0].per_inference):
        table.add_column(heading, justify="right", no_wrap=True)
    for network in found.network:
        rates = (format_rate(x) for x in network.per_inference.values())
        table.add_row(network.error_model, str(network.targets), *rates)
    return table


def _due_table(found: CampaignStatistics) -> Table:
    table = Table(title="Why injections were due", caption="number of injections per reason")
    for heading in ("target", "error model"):
        table.add_column(heading, overflow="fold")
    table.add_column("due", justify="right", no_wrap=True)
    table.add_column("reasons", overflow="fold")
    for x in found.due:
        table.add_row(x.target, x.error_model, str(x.injections), describe_due(x))
    return table


def _masking_table(found: CampaignStatistics) -> Table:
    table = Table(
        title="Where injections were masked",
        caption="the tensor at which injections were masked; shares of injections in %",
    )
    for heading in ("target", "error model", "masked at"):
        table.add_column(heading, overflow="fold")
    for x in found.masking:
        if x.masked_at:
            table.add_row(x.target, x.error_model, ", ".join(map(describe_place, x.masked_at)))
    return table
