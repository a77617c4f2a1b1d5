"""``onnxfi campaign export``."""

from pathlib import Path
from typing import Annotated

import typer

from onnxfi.campaign import RunDirectory
from onnxfi.campaign.records.csv_file import write_csv
from onnxfi.cli.campaign.live_run import shown
from onnxfi.cli.options.arguments import DirectoryArgument
from onnxfi.errors import ConfigurationError


def export(
    directory: DirectoryArgument,
    out: Annotated[
        Path | None,
        typer.Argument(metavar="OUT", help="The file; by default records.csv in DIR."),
    ] = None,
    *,
    csv: Annotated[bool, typer.Option("--csv", help="Write CSV.")] = False,
) -> None:
    """Write the records of a campaign to one file, for programs that read no Parquet.

    Lists, such as the indices of the injection sites, are written as JSON.

    Example: onnxfi campaign export runs/lenet --csv records.csv
    """
    if not csv:
        raise ConfigurationError(
            "Say --csv: it is the only format to export to. Parquet files are in DIR/records."
        )
    opened = RunDirectory.open(directory)
    written = opened.path / "records.csv" if out is None else out
    count = write_csv(directory, written)
    typer.echo(f"{count} records in {shown(written)}")
