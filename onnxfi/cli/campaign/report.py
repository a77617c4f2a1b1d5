"""``onnxfi report``."""

from pathlib import Path
from typing import Annotated

import typer

from onnxfi.campaign import replay
from onnxfi.cli.options.arguments import DirectoryArgument, JsonOption
from onnxfi.cli.output import print_json
from onnxfi.report import write_campaign_report


def report(
    directory: DirectoryArgument,
    *,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", metavar="FILE", help="The file to write; default: DIR/report.html."
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Write the report of a campaign as one HTML file.

    The report gives the answer first: how often faults corrupt the output silently, in which layers
    and bits, and which targets to protect. It is readable offline. The command needs the extra
    report.

    Example: onnxfi report runs/lenet -o report.html
    """
    written = write_campaign_report(directory, out, replay=replay)
    if as_json:
        print_json({"report": str(written), "bytes": written.stat().st_size})
    else:
        typer.echo(written)
