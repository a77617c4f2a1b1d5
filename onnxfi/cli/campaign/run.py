"""``onnxfi campaign run|resume``, and the group of all its commands."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from onnxfi.campaign import Campaign, Configuration
from onnxfi.cli.campaign.compare import compare_campaigns
from onnxfi.cli.campaign.export import export
from onnxfi.cli.campaign.importers import (
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
from onnxfi.cli.campaign.live_run import run_to_end
from onnxfi.cli.campaign.plan import plan_campaign
from onnxfi.cli.campaign.replay import replay_injection
from onnxfi.cli.campaign.status import status
from onnxfi.cli.campaign.summary import print_summary, summary
from onnxfi.cli.campaign.target_overrides import with_targets
from onnxfi.cli.options.arguments import (
    ArrayOption,
    AxisOption,
    ConstantOption,
    DirectoryArgument,
    ProviderName,
    RepeatOption,
)
from onnxfi.cli.options.targets import (
    DtypesOption,
    ExcludeOption,
    IndexOption,
    KindOption,
    LayersOption,
    NamesOption,
    OpsOption,
    ShapesOption,
    selection,
)
from onnxfi.errors import ConfigurationError

app = typer.Typer(
    help="Plan, run and resume campaigns.\n\nExample: onnxfi campaign run campaign.yaml",
    no_args_is_help=True,
    rich_markup_mode=None,
)

app.command()(status)
app.command()(summary)
app.command("compare")(compare_campaigns)
app.command("plan")(plan_campaign)
app.command("replay")(replay_injection)
app.command()(export)

WorkersOption = Annotated[int | None, typer.Option(min=1, help="Threads that inject.")]
SchedulerOption = Annotated[
    str | None,
    typer.Option(
        metavar="ADDRESS",
        help="A Dask scheduler, tcp://host:port, whose workers inject (extra distributed).",
    ),
]
LogOption = Annotated[
    str | None,
    typer.Option(metavar="FILE", help="Log as JSON, a line each; - for stderr."),
]


@app.command()
def run(
    configuration: Annotated[
        Path | None, typer.Argument(metavar="CONFIG.yaml", help="The campaign.")
    ] = None,
    *,
    out: Annotated[
        str | None,
        typer.Option(metavar="DIR", help="The run directory, or an address such as s3://…"),
    ] = None,
    workers: WorkersOption = None,
    scheduler: SchedulerOption = None,
    log_json: LogOption = None,
    provider: Annotated[ProviderName | None, typer.Option(help="auto, cpu or cuda.")] = None,
    from_tensorfi2: TensorFI2Option = None,
    from_classes: ClassesOption = None,
    model: ModelOption = None,
    inputs: InputsOption = None,
    labels: LabelsOption = None,
    array: ArrayOption = None,
    axis: AxisOption = None,
    constant: ConstantOption = None,
    repeat: RepeatOption = False,
    per_target: PerTargetOption = None,
    seed: SeedOption = None,
    target: NamesOption = None,
    kind: KindOption = None,
    op: OpsOption = None,
    layer: LayersOption = None,
    dtype: DtypesOption = None,
    exclude: ExcludeOption = None,
    index: IndexOption = None,
    include_shapes: ShapesOption = False,
) -> None:
    """Run a campaign and print its summary.

    A file of TensorFI2 or CLASSES in place of CONFIG.yaml is translated; the translation is kept
    beside the run directory, and says what of the file cannot be honoured.

    Example: onnxfi campaign run campaign.yaml --out runs/lenet
    """
    older: dict[str, Any] = {"from_tensorfi2": from_tensorfi2, "from_classes": from_classes}
    options: dict[str, Any] = {
        "model": model,
        "inputs": inputs or None,
        "labels": labels,
        "array": array or None,
        "axis": axis or None,
        "constant": constant or None,
        "repeat": repeat or None,
        "per_target": per_target,
        "seed": seed,
    }
    _check_exclusive({"CONFIG.yaml": configuration, **older}, options)
    if configuration is not None:
        planned = Configuration.from_yaml(configuration)
    else:
        planned = keep(translate(**older, **options), None if out is None else Path(out))
    wanted = selection(
        kind=kind,
        names=target,
        ops=op,
        layers=layer,
        dtypes=dtype,
        exclude=exclude,
        index=index,
        include_shapes=include_shapes,
    )
    planned = with_targets(planned, wanted)
    said = {"workers": workers, "provider": provider.value if provider else None}
    execution = planned.execution.model_copy(
        update={key: value for key, value in said.items() if value is not None}
    )
    planned = planned.model_copy(update={"execution": execution})
    campaign = Campaign.create(planned, out=out)
    print_summary(run_to_end(campaign, scheduler=scheduler, log_json=log_json))


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
def resume(
    directory: DirectoryArgument,
    *,
    scheduler: SchedulerOption = None,
    log_json: LogOption = None,
) -> None:
    """Run what is left of a campaign that was interrupted, and print its summary.

    Example: onnxfi campaign resume runs/lenet
    """
    print_summary(run_to_end(Campaign.open(directory), scheduler=scheduler, log_json=log_json))
