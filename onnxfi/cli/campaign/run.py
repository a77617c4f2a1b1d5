"""``onnxfi campaign run``."""

from dataclasses import fields
from pathlib import Path
from typing import Annotated

import typer

from onnxfi.campaign import Campaign
from onnxfi.cli.campaign.compare import print_comparison
from onnxfi.cli.campaign.importers import ImportOptions, import_configuration
from onnxfi.cli.campaign.live_run import LiveRunOptions, run_to_end
from onnxfi.cli.campaign.summary import print_summary
from onnxfi.cli.campaign.target_overrides import override_targets
from onnxfi.cli.options.arguments import JsonOption, ProviderName
from onnxfi.cli.options.feeding import FeedingOptions
from onnxfi.cli.options.targets import TargetOptions
from onnxfi.configuration import Configuration
from onnxfi.errors import ConfigurationError, OnnxfiError


def run(
    configuration: Annotated[
        Path | None,
        typer.Argument(metavar="CONFIG.yaml", help="The configuration of the campaign."),
    ] = None,
    *,
    out: Annotated[
        str | None,
        typer.Option(
            "--out", "-o", metavar="DIR", help="The run directory, or an address such as s3://…"
        ),
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Number of threads that inject.")
    ] = None,
    live: LiveRunOptions,
    provider: Annotated[
        ProviderName | None, typer.Option(help="The execution provider: auto, cpu or cuda.")
    ] = None,
    imported: ImportOptions,
    feeding: FeedingOptions,
    targets: TargetOptions,
    hardened: Annotated[
        Path | None,
        typer.Option(
            metavar="MODEL",
            help="Run the same faults on this model too, and compare both (see `onnxfi harden`); "
            "its run directory gets -hardened behind its name.",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Run a campaign and print its summary.

    Instead of CONFIG.yaml, it can run a configuration file of TensorFI2 or CLASSES. The file is
    translated to a campaign configuration, which is saved beside the run directory; settings that
    are unsupported or had to be guessed are listed.

    Example: onnxfi campaign run campaign.yaml --out runs/lenet
    """
    _check_exclusive(configuration, imported, feeding)
    if configuration is None:
        planned = import_configuration(imported, feeding, None if out is None else Path(out))
    else:
        planned = Configuration.from_yaml(configuration)
    planned = override_targets(planned, targets.selection)
    given = {"workers": workers, "provider": provider and provider.value}
    execution = planned.execution.model_copy(
        update={key: value for key, value in given.items() if value is not None}
    )
    planned = planned.model_copy(update={"execution": execution})
    campaign = Campaign(planned, out=out)
    if hardened is None:
        print_summary(run_to_end(campaign, live), as_json=as_json)
        return
    # Both begin before either runs, so that an interrupt leaves two campaigns to resume.
    campaign.begin()
    try:
        twin = campaign.twin(hardened).begin()
    except OnnxfiError:
        campaign.directory.discard()
        raise
    places = [run_to_end(x, live) for x in (campaign, twin)]
    print_comparison(*places, as_json=as_json)


def _check_exclusive(
    configuration: Path | None, imported: ImportOptions, feeding: FeedingOptions
) -> None:
    """Check that exactly one file is given, and that the other options apply to it."""
    options = _given(imported) + _given(feeding)
    files = [] if configuration is None else ["CONFIG.yaml"]
    files += [x for x in options if x.startswith("--from-")]
    if len(files) != 1:
        raise ConfigurationError(
            "A campaign is run from exactly one of CONFIG.yaml, --from-tensorfi2 and "
            f"--from-classes, got {' and '.join(files) or 'none'}."
        )
    if configuration is not None and options:
        raise ConfigurationError(
            f"{', '.join(options)}: only with --from-tensorfi2 or --from-classes. Write the "
            "settings into CONFIG.yaml instead."
        )


def _given(options: ImportOptions | FeedingOptions) -> list[str]:
    """Return the names of the options that are given."""
    return [
        f"--{x.name.replace('_', '-')}"
        for x in fields(options)
        if getattr(options, x.name) != x.default
    ]
