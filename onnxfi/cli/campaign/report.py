"""``onnxfi report``."""

from pathlib import Path
from typing import Annotated

import typer

from onnxfi.cli.options.arguments import DirectoryArgument
from onnxfi.report import write_campaign_report


def report(
    directory: DirectoryArgument,
    *,
    out: Annotated[
        Path | None, typer.Option(help="The file to write; by default report.html in DIR.")
    ] = None,
) -> None:
    """Write the report of a campaign: one HTML file, readable offline (extra report).

    Example: onnxfi report runs/lenet --out report.html
    """
    typer.echo(write_campaign_report(directory, out))
