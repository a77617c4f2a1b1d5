"""``onnxfi demo``."""

import os
import shutil
from pathlib import Path
from typing import Annotated

import typer

from onnxfi.campaign import Campaign
from onnxfi.cli.campaign.live_run import run_to_end
from onnxfi.cli.campaign.summary import print_summary
from onnxfi.cli.output import messages
from onnxfi.demo import prepare
from onnxfi.report import write_campaign_report

_DEFAULT_OUT = Path("onnxfi-demo")


def demo(
    *,
    out: Annotated[Path, typer.Option(help="The folder to write all files to.")] = _DEFAULT_OUT,
) -> None:
    """Run the whole pipeline on a small network and real digits.

    It converts a Keras .h5 file to ONNX, flips bits in the output of each convolution, activation,
    pooling and dense layer while the network classifies held-out handwritten digits, and reports
    the outcomes. It needs the extra demo.

    Example: onnxfi demo
    """
    prepared = prepare(out)
    messages.print(
        f"Converted {prepared.keras_file.name} to {os.path.relpath(prepared.model_file)}",
    )
    typer.echo(
        f"Fault-free accuracy on {prepared.inputs} held-out digits: {100 * prepared.accuracy:.1f} %"
    )
    run_directory = out / "run"
    if (run_directory / "manifest.json").exists():
        shutil.rmtree(run_directory)  # of an earlier demo
    print_summary(
        run_to_end(Campaign.from_yaml(prepared.configuration_file, out=run_directory).begin())
    )
    report = write_campaign_report(run_directory, out / "report.html")
    typer.echo(f"The report is in {os.path.relpath(report)}. Open it in a browser.")
