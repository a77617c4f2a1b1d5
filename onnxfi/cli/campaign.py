"""``onnxfi campaign run|resume|status|summary``."""

import os
import shlex
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)

from onnxfi.campaign import (
    Campaign,
    Configuration,
    RunDirectory,
    TargetSummary,
    read_records,
    summarise_targets,
)
from onnxfi.cli.arguments import JsonOption, ProviderName
from onnxfi.cli.output import messages, print_json, print_table, summary_table

INTERRUPTED = 130

app = typer.Typer(
    help="Plan, run and resume campaigns.\n\nExample: onnxfi campaign run campaign.yaml",
    no_args_is_help=True,
    rich_markup_mode=None,
)

DirectoryArgument = Annotated[Path, typer.Argument(metavar="DIR", help="A run directory.")]


@app.command()
def run(
    configuration: Annotated[Path, typer.Argument(metavar="CONFIG.yaml", help="The campaign.")],
    *,
    out: Annotated[Path | None, typer.Option(help="The run directory.")] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Threads that inject.")] = None,
    provider: Annotated[ProviderName | None, typer.Option(help="auto, cpu or cuda.")] = None,
) -> None:
    """Run a campaign and print its summary.

    Example: onnxfi campaign run campaign.yaml --out runs/lenet
    """
    planned = Configuration.from_yaml(configuration)
    said = {"workers": workers, "provider": provider.value if provider else None}
    execution = planned.execution.model_copy(
        update={key: value for key, value in said.items() if value is not None}
    )
    planned = planned.model_copy(update={"execution": execution})
    print_summary(run_to_end(Campaign.create(planned, out=out)))


@app.command()
def resume(directory: DirectoryArgument) -> None:
    """Run what is left of a campaign that was interrupted, and print its summary.

    Example: onnxfi campaign resume runs/lenet
    """
    print_summary(run_to_end(Campaign.open(directory)))


@app.command()
def status(directory: DirectoryArgument, *, as_json: JsonOption = False) -> None:
    """Tell how much of a campaign is recorded.

    Example: onnxfi campaign status runs/lenet
    """
    opened = RunDirectory.open(directory)
    done, planned = opened.recorded, int(opened.manifest["injections"])
    if as_json:
        print_json({"recorded": done, "planned": planned})
    else:
        typer.echo(f"{done} of {planned} injections recorded ({100 * done / planned:.1f} %)")


@app.command()
def summary(directory: DirectoryArgument, *, as_json: JsonOption = False) -> None:
    """Print the outcomes per target.

    Example: onnxfi campaign summary runs/lenet
    """
    RunDirectory.open(directory)
    rows = summarise_targets(read_records(directory))
    if as_json:
        print_json([asdict(row) for row in rows])
    else:
        print_table(summary_table(rows, title=str(directory)))


def run_to_end(campaign: Campaign) -> Path:
    """Run a campaign with a progress bar; an interrupt ends the command with a way to go on."""
    directory = campaign.directory.path
    shown = Path(os.path.relpath(directory))
    messages.print(
        f"{campaign.injections} injections on {campaign.directory.manifest['provider']}, "
        f"records in {shown}",
    )
    progress = Progress(
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
        TextColumn("left"),
        console=messages,
        transient=True,
        disable=not messages.is_terminal,  # a log file shall not fill with bars
    )
    try:
        with progress:
            task = progress.add_task("", total=campaign.injections, rate="")

            def advance(count: int) -> None:
                speed = progress.tasks[0].speed
                progress.update(task, advance=count, rate=f"{speed:.0f}/s" if speed else "")

            campaign.run(on_injections=advance)
    except KeyboardInterrupt:
        messages.print(
            "Interrupted; what is recorded stays. "
            f"Go on with: onnxfi campaign resume {shlex.quote(str(shown))}",
        )
        raise typer.Exit(INTERRUPTED) from None
    return directory


def print_summary(directory: Path) -> list[TargetSummary]:
    """Print the table of outcomes per target of a run directory, and return its rows."""
    rows = summarise_targets(read_records(directory))
    print_table(summary_table(rows, title=f"Outcomes in {os.path.relpath(directory)}"))
    return rows
