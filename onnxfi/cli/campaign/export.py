"""``onnxfi campaign export``."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from onnxfi.cli.options.arguments import DirectoryArgument
from onnxfi.run_directory import RunDirectory, export_records
from onnxfi.storage import display_path


def export(
    directory: DirectoryArgument,
    *,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="FILE", help="The file to write; default: stdout."),
    ] = None,
    csv: Annotated[Path | None, typer.Option("--csv", metavar="FILE", hidden=True)] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Write JSON, one record a line, instead of CSV.")
    ] = False,
) -> None:
    """Export the records of a campaign to CSV.

    Lists, such as the indices of the injection sites, are written as JSON.

    Example: onnxfi campaign export runs/lenet --out records.csv
    """
    RunDirectory.open(directory)
    file = out or csv  # older versions had only --csv
    if file is None:
        sys.stdout.flush()
        export_records(directory, sys.stdout.buffer, as_json=as_json)
        sys.stdout.buffer.flush()
    else:
        count = export_records(directory, file, as_json=as_json)
        typer.echo(f"{count} records in {display_path(file)}")
