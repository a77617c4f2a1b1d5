"""``onnxfi report``."""

from pathlib import Path
from typing import Annotated

import typer

from onnxfi.campaign import replay
from onnxfi.cli.options.arguments import DirectoryArgument, JsonOption
from onnxfi.cli.output import print_json
from onnxfi.errors import ConfigurationError
from onnxfi.failure_rates import write_safety_document
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
    safety: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.md",
            help="Write the document for a safety case instead: assumptions, fault space, results "
            "with intervals, protections, what is not covered.",
        ),
    ] = None,
    rates: Annotated[
        Path | None,
        typer.Option(metavar="FIT.YAML", help="Raw failure rates for --safety; see `onnxfi fit`."),
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
    if rates is not None and safety is None:
        raise ConfigurationError("--rates goes into the document for a safety case: give --safety.")
    if safety is not None:
        document = write_safety_document(directory, safety, rates=rates)
        if as_json:
            print_json({"safety": str(document)})
        else:
            typer.echo(document)
        return
    written = write_campaign_report(directory, out, replay=replay)
    if as_json:
        print_json({"report": str(written), "bytes": written.stat().st_size})
    else:
        typer.echo(written)
