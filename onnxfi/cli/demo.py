"""``onnxfi demo``."""

import os
import shlex
from pathlib import Path
from typing import Annotated

import typer

from onnxfi.campaign import Campaign, replay
from onnxfi.cli.campaign.live_run import run_to_end
from onnxfi.cli.options.arguments import JsonOption
from onnxfi.cli.output import print_json
from onnxfi.cli.rates import estimate_difference, estimate_rate, to_document
from onnxfi.cli.tables import Column, Table, print_table
from onnxfi.configuration import Configuration
from onnxfi.demo import Prepared, prepare
from onnxfi.report import write_campaign_report
from onnxfi.statistics import Comparison, compare

_DEFAULT_OUT = Path("onnxfi-demo")
_NEXT = """\
Next:
  cd {folder}
  onnxfi inspect lenet.onnx                          # list the tensors to hit
  onnxfi campaign summary runs/lenet --by bit_field  # which bits matter
  onnxfi campaign compare runs/lenet runs/hardened   # what clipping changes
  onnxfi campaign run campaign.yaml --out runs/again # repeat the campaign"""


def demo(
    *,
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="FOLDER", help="The folder of all files.")
    ] = _DEFAULT_OUT,
    as_json: JsonOption = False,
) -> None:
    """Show the whole pipeline on a small network.

    It converts a Keras .h5 file to ONNX and flips bits in the output of each convolution,
    activation, pooling and dense layer while the network classifies handwritten digits. Then it
    clips the activations to their usual range, injects the same faults again, and compares. In a
    folder that already holds the demo it finishes what is missing. It needs the extra demo.

    Example: onnxfi demo
    """
    prepared = prepare(out)
    if not as_json:
        typer.echo(
            f"lenet.onnx, converted from lenet.h5: {100 * prepared.accuracy:.1f} % of "
            f"{prepared.inputs} digits right without faults\n"
            "lenet_hardened.onnx, its activations clipped: "
            f"{100 * prepared.hardened_accuracy:.1f} %"
        )
    before, after = _run_campaigns(prepared, out / "runs")
    found = compare(before, after)
    report = write_campaign_report(before, out / "report.html", replay=replay)
    if as_json:
        accuracies = {"lenet": prepared.accuracy, "hardened": prepared.hardened_accuracy}
        places = {"folder": str(out), "report": str(report)}
        print_json(places | {"accuracy": accuracies, "comparison": to_document(found)})
        return
    print_table(_table(found))
    typer.echo(f"Open the report in a browser: {os.path.relpath(report)}")
    typer.echo(_NEXT.format(folder=shlex.quote(os.path.relpath(out))))


def _run_campaigns(prepared: Prepared, runs: Path) -> list[Path]:
    """Run the campaign on both models, as far as it has not been run, and return where."""
    configuration = Configuration.from_yaml(prepared.configuration)
    places = []
    for name, model in (("lenet", prepared.model), ("hardened", prepared.hardened)):
        place = runs / name
        if (place / "manifest.json").exists():
            campaign = Campaign.open(place)
        else:
            planned = configuration.model_copy(update={"model": model.resolve()})
            campaign = Campaign(planned, out=place).begin()
        if campaign.directory.recorded < campaign.injections:
            run_to_end(campaign)
        places.append(place)
    return places


def _table(found: Comparison) -> Table:
    rates = [
        (x.target or "whole network", x.rates["sdc"]) for x in (*found.network, *found.targets)
    ]
    return Table(
        [Column("target"), *(Column(x, "number") for x in ("lenet", "hardened", "change"))],
        [
            (
                target,
                estimate_rate(sdc.before),
                estimate_rate(sdc.after),
                estimate_difference(sdc.difference),
            )
            for target, sdc in rates
        ],
        title="Inferences with another class after one bit flip (sdc)",
        caption="in % and percentage points, with 95 % intervals",
    )
