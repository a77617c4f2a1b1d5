"""``onnxfi campaign plan``."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from onnxfi.campaign import Plan, Worker, expected_saving, planning_note, try_injections
from onnxfi.cli.campaign.target_overrides import override_targets
from onnxfi.cli.campaign.workload import estimate_duration, format_workload
from onnxfi.cli.options.arguments import JsonOption
from onnxfi.cli.options.targets import TargetOptions, print_left_out
from onnxfi.cli.output import messages, print_json
from onnxfi.cli.tables import Column, Table, print_table
from onnxfi.configuration import Configuration


def plan_campaign(
    configuration: Annotated[
        Path, typer.Argument(metavar="CONFIG.yaml", help="The configuration of the campaign.")
    ],
    *,
    targets: TargetOptions,
    as_json: JsonOption = False,
) -> None:
    """Show the size and the duration of a campaign.

    It runs a few injections to estimate the duration, and records nothing.

    Example: onnxfi campaign plan campaign.yaml
    """
    planned = override_targets(Configuration.from_yaml(configuration), targets.selection)
    worker = Worker(planned)
    try_injections(worker)
    if worker.inputs.note is not None:
        messages.print(worker.inputs.note)
    note = planning_note(worker.model, planned, worker.plan.strata)
    if note is not None:
        messages.print(note)
    print_left_out(worker.left_out)
    plan, seconds = worker.plan, estimate_duration(worker)
    rows = _rows(plan)
    if as_json:
        print_json(
            {
                "injections": len(plan),
                "faults": sum(plan.faults),
                "inputs_per_fault": plan.inputs_per_fault,
                "rounds": plan.rounds,
                "seconds": seconds,
                "expected_saving": _saving(planned),
                "left_out": asdict(worker.left_out),
                "strata": rows,
            }
        )
        return
    several = plan.inputs_per_fault != 1
    print_table(
        Table(
            [
                Column("target"),
                Column("error model"),
                Column("bits", "number"),
                *([Column("faults", "number")] if several else []),
                Column("injections", "number"),
            ],
            [
                [str(value) for key, value in row.items() if several or key != "faults"]
                for row in rows
            ],
            title=f"Plan of {configuration}",
            within="error model",
        )
    )
    at_most = plan.rounds > 1 or plan.most is not None
    typer.echo(format_workload(len(plan), seconds, at_most=at_most))
    saving = _saving(planned)
    if saving is not None:
        typer.echo(
            f"Sampling by severity is expected to need {saving:.0f} times fewer injections than "
            "uniform draws, because the severest few percent of the faults usually cause nearly "
            "all sdc. It saves nothing where severity does not tell dangerous faults from others."
        )


def _saving(configuration: Configuration) -> float | None:
    """Return how many times fewer injections are expected; None where it is not known."""
    until = configuration.injections.until
    if configuration.injections.sampling == "uniform" or until is None or until.relative is None:
        return None
    return expected_saving(until.relative)


def _rows(plan: Plan) -> list[dict[str, Any]]:
    if plan.most is not None:
        return _rows_by_bits(plan)
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


def _rows_by_bits(plan: Plan) -> list[dict[str, Any]]:
    """Return a row for each pair of target and error model, of those that share injections."""
    pairs = [
        (stratum, bits, faults)
        for stratum, bits, faults in zip(plan.strata, plan.sizes, plan.faults, strict=True)
        if not stratum.score_stratum  # the strata of a pair follow one another
    ]
    return [
        {
            "target": stratum.targets[0].tensor,
            "error_model": stratum.label,
            "target_bits": bits,
            "faults": shared,
            "injections": shared,
        }
        for stratum, bits, faults in pairs
        for whole in (sum(x[1] for x in pairs if x[0].label == stratum.label),)
        for shared in (round(faults * bits / whole),)
    ]
