"""``onnxfi campaign export``."""

from pathlib import Path
from typing import Annotated

import typer

from onnxfi.cli.campaign.live_run import display_path
from onnxfi.cli.options.arguments import DirectoryArgument
from onnxfi.run_directory import RunDirectory, write_csv


def export(
    directory: DirectoryArgument,
    out: Annotated[
        Path | None,
        typer.Argument(metavar="OUT", help="The file to write; default: records.csv in DIR."),
    ] = None,
    *,
    csv: Annotated[
        bool, typer.Option("--csv", help="Write CSV, the only format.", show_default=False)
    ] = True,
) -> None:
    """Export the records of a campaign to CSV.

    Lists, such as the indices of the injection sites, are written as JSON.

    Example: onnxfi campaign export runs/lenet --csv records.csv
    """
    opened = RunDirectory.open(directory)
    written = opened.path / "records.csv" if out is None else out
    count = write_csv(directory, written)
    typer.echo(f"{count} records in {display_path(written)}")
