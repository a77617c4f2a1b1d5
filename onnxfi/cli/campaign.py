"""``onnxfi campaign run|resume|status|summary``."""

import os
import shlex
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

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
from onnxfi.cli.older_tools import (
    ClassesOption,
    InputsOption,
    LabelsOption,
    ModelOption,
    PerTargetOption,
    SeedOption,
    TensorFI2Option,
    keep,
    translate,
)
from onnxfi.cli.output import messages, print_json, print_table, summary_table
from onnxfi.errors import ConfigurationError

INTERRUPTED = 130

app = typer.Typer(
    help="Plan, run and resume campaigns.\n\nExample: onnxfi campaign run campaign.yaml",
    no_args_is_help=True,
    rich_markup_mode=None,
)

DirectoryArgument = Annotated[Path, typer.Argument(metavar="DIR", help="A run directory.")]


@app.command()
def run(
    configuration: Annotated[
        Path | None, typer.Argument(metavar="CONFIG.yaml", help="The campaign.")
    ] = None,
    *,
    out: Annotated[Path | None, typer.Option(help="The run directory.")] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Threads that inject.")] = None,
    provider: Annotated[ProviderName | None, typer.Option(help="auto, cpu or cuda.")] = None,
    from_tensorfi2: TensorFI2Option = None,
    from_classes: ClassesOption = None,
    model: ModelOption = None,
    inputs: InputsOption = None,
    labels: LabelsOption = None,
    per_target: PerTargetOption = None,
    seed: SeedOption = None,
) -> None:
    """Run a campaign and print its summary.

    A file of TensorFI2 or CLASSES in place of CONFIG.yaml is translated; the translation is kept
    beside the run directory, and says what of the file cannot be honoured.

    Example: onnxfi campaign run campaign.yaml --out runs/lenet
    """
    older: dict[str, Any] = {"from_tensorfi2": from_tensorfi2, "from_classes": from_classes}
    options: dict[str, Any] = {
        "model": model,
        "inputs": inputs,
        "labels": labels,
        "per_target": per_target,
        "seed": seed,
    }
    _check_exclusive({"CONFIG.yaml": configuration, **older}, options)
    if configuration is not None:
        planned = Configuration.from_yaml(configuration)
    else:
        planned = keep(translate(**older, **options), out)
    said = {"workers": workers, "provider": provider.value if provider else None}
    execution = planned.execution.model_copy(
        update={key: value for key, value in said.items() if value is not None}
    )
    planned = planned.model_copy(update={"execution": execution})
    print_summary(run_to_end(Campaign.create(planned, out=out)))


def _check_exclusive(campaigns: Mapping[str, Path | None], options: Mapping[str, object]) -> None:
    """Check that there is one file to run, and that it takes the options."""
    given = [_option(name) for name, path in campaigns.items() if path is not None]
    if len(given) != 1:
        raise ConfigurationError(
            f"A campaign is run from one of {', '.join(map(_option, campaigns))}, got "
            f"{' and '.join(given) or 'none'}."
        )
    extra = [_option(name) for name, value in options.items() if value is not None]
    if given == ["CONFIG.yaml"] and extra:
        raise ConfigurationError(
            f"{', '.join(extra)}: only for a file of an older tool; write it into CONFIG.yaml."
        )


def _option(name: str) -> str:
    return name if "." in name else f"--{name.replace('_', '-')}"


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
