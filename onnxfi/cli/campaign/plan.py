"""``onnxfi campaign plan``."""

import os
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from onnxfi.campaign import Campaign, Configuration
from onnxfi.campaign.planning.plan import Plan
from onnxfi.campaign.running.estimate import estimate_seconds
from onnxfi.campaign.running.worker import Worker
from onnxfi.cli.campaign.target_overrides import with_targets
from onnxfi.cli.options.arguments import JsonOption
from onnxfi.cli.options.targets import (
    DtypesOption,
    ExcludeOption,
    IndexOption,
    KindOption,
    LayersOption,
    NamesOption,
    OpsOption,
    ShapesOption,
    print_left_out,
    selection,
)
from onnxfi.cli.output import messages, print_json, print_table

# Fewer injections than these take about as long as measuring does.
_WORTH_MEASURING = 1000


def plan_campaign(
    configuration: Annotated[Path, typer.Argument(metavar="CONFIG.yaml", help="The campaign.")],
    *,
    target: NamesOption = None,
    kind: KindOption = None,
    op: OpsOption = None,
    layer: LayersOption = None,
    dtype: DtypesOption = None,
    exclude: ExcludeOption = None,
    index: IndexOption = None,
    include_shapes: ShapesOption = False,
    as_json: JsonOption = False,
) -> None:
    """Tell how many injections a campaign has and about how long they take; runs none of it.

    Example: onnxfi campaign plan campaign.yaml
    """
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
    worker = Worker(with_targets(Configuration.from_yaml(configuration), wanted))
    worker.rehearse()
    if worker.inputs.note is not None:
        messages.print(worker.inputs.note)
    print_left_out(worker.left_out)
    plan, seconds = worker.plan, _seconds(worker)
    rows = _rows(plan)
    if as_json:
        print_json(
            {
                "injections": len(plan),
                "faults": sum(plan.faults),
                "inputs_per_fault": plan.inputs_per_fault,
                "rounds": plan.rounds,
                "seconds": seconds,
                "left_out": asdict(worker.left_out),
                "strata": rows,
            }
        )
        return
    table = Table(title=str(configuration), caption=size_text(plan, seconds))
    for heading in ("target", "error model"):
        table.add_column(heading, overflow="fold")
    for heading in ("bits", "faults", "injections"):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in rows:
        table.add_row(*map(str, row.values()))
    print_table(table)


def expected_text(campaign: Campaign) -> str:
    """Say how many injections a campaign has, and how long they take where that is worth asking."""
    configuration = campaign.directory.configuration
    most = "" if configuration.injections.until is None else "at most "
    text = f"{most}{campaign.injections} injections"
    if campaign.injections < _WORTH_MEASURING:
        return text
    return f"{text} ({most}about {duration_text(_seconds(Worker(configuration)))})"


def _seconds(worker: Worker) -> float:
    threads = worker.configuration.execution.workers
    workers = (os.cpu_count() or 1) if threads == "auto" else threads
    return estimate_seconds(worker, workers=workers)


def _rows(plan: Plan) -> list[dict[str, Any]]:
    return [
        {
            "target": " + ".join(x.tensor for x in stratum.targets),
            "error_model": stratum.label,
            "target_bits": bits,
            "faults": faults,
            "injections": faults * plan.inputs_per_fault,
        }
        for stratum, bits, faults in zip(plan.strata, plan.sizes, plan.faults, strict=True)
    ]


def size_text(plan: Plan, seconds: float) -> str:
    """Say how many injections there are, and how long they take."""
    most = "at most " if plan.rounds > 1 else ""
    return f"{most}{len(plan)} injections, {most}about {duration_text(seconds)}"


def duration_text(seconds: float) -> str:
    """Write a duration in the unit that suits it."""
    for unit, size in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{max(1, seconds):.0f} seconds"
