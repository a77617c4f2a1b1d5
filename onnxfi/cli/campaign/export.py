"""``onnxfi campaign export``."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from onnxfi.cli.options.arguments import DirectoryArgument
from onnxfi.errors import ConfigurationError
from onnxfi.run_directory import RunDirectory, export_faults, export_records
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
    faults: Annotated[
        bool, typer.Option("--faults", help="Write a list of the faults instead.")
    ] = False,
) -> None:
    """Export the records of a campaign to CSV.

    Lists, such as the indices of the injection sites, are written as JSON. With --faults, there is
    one row for each flipped bit, which `injections: {list: FILE}` runs again.

    Example: onnxfi campaign export runs/lenet --out records.csv
    """
    RunDirectory.open(directory)
    if faults and as_json:
        raise ConfigurationError("--faults writes CSV: leave out --json.")
    file = out or csv  # older versions had only --csv
    if faults:
        _export_faults(directory, file)
        return
    if file is None:
        sys.stdout.flush()
        export_records(directory, sys.stdout.buffer, as_json=as_json)
        sys.stdout.buffer.flush()
    else:
        count = export_records(directory, file, as_json=as_json)
        typer.echo(f"{count} records in {display_path(file)}")


def _export_faults(directory: str, file: Path | None) -> None:
    if file is None:
        sys.stdout.flush()
        export_faults(directory, sys.stdout.buffer)
        sys.stdout.buffer.flush()
    else:
        count = export_faults(directory, file)
        typer.echo(f"{count} faults in {display_path(file)}")
