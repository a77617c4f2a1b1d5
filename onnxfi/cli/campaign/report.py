"""``onnxfi report``."""

from pathlib import Path
from typing import Annotated

import typer

from onnxfi.campaign import replay
from onnxfi.cli.options.arguments import DirectoryArgument, JsonOption
from onnxfi.cli.output import print_json
from onnxfi.report import write_campaign_report, write_node_data


def report(
    directory: DirectoryArgument,
    *,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", metavar="FILE", help="The file to write; default: DIR/report.html."
        ),
    ] = None,
    node_data: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Write the SDC rates as node data for Model Explorer instead, which shows them on "
            "the graph.",
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
    if node_data is not None:
        paths = write_node_data(directory, node_data)
        if as_json:
            print_json({"node_data": [str(x) for x in paths]})
        else:
            typer.echo("\n".join(map(str, paths)))
        return
    written = write_campaign_report(directory, out, replay=replay)
    if as_json:
        print_json({"report": str(written), "bytes": written.stat().st_size})
    else:
        typer.echo(written)
