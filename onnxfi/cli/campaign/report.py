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
        Path | None, typer.Option(help="The file to write; default: report.html in DIR.")
    ] = None,
) -> None:
    """Write the report of a campaign as one HTML file.

    The file is readable offline. The command needs the extra report.

    Example: onnxfi report runs/lenet --out report.html
    """
    typer.echo(write_campaign_report(directory, out))
