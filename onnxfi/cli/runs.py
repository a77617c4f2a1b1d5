"""``onnxfi runs``."""

import os
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

import typer

from onnxfi.campaign import open
from onnxfi.cli.options.arguments import JsonOption
from onnxfi.cli.output import print_json
from onnxfi.cli.rates import CAPTION, format_rate, to_document
from onnxfi.cli.tables import Column, Table, print_table
from onnxfi.errors import ConfigurationError, OnnxfiError
from onnxfi.regular_file import open_regular
from onnxfi.run_directory import STOPPED_EARLY, RunDirectory, read_sign_of_life
from onnxfi.statistics import Rate, WeightedRate
from onnxfi.storage import display_path


@dataclass(frozen=True, slots=True)
class _Run:
    """A run directory as the table shows it.

    Attributes:
        path: its path, relative to the current folder.
        state: its state.
        injections: number of recorded injections.
        planned: number of planned injections; None if the directory is damaged.
        changed: time of its last change (ISO 8601, UTC).
        rates: the outcome rates of the whole network, by error model.
        problem: what is damaged.
    """

    path: str
    state: Literal["finished", "interrupted", "running", "damaged"]
    injections: int
    planned: int | None
    changed: str
    rates: Mapping[str, Mapping[str, Rate | WeightedRate]] = field(default_factory=dict)
    problem: str | None = None


def runs(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder to search.")] = Path(),
    *,
    as_json: JsonOption = False,
) -> None:
    """List the campaigns below a folder.

    It shows the state of each campaign, how many of its injections are recorded, and the rate of
    silent data corruptions (sdc) of the whole network for each error model. Damaged run directories
    are listed as such.

    Example: onnxfi runs
    """
    if not folder.is_dir():
        raise ConfigurationError(f"{folder} is not a folder. Give the folder to search.")
    found = sorted(map(_describe, _run_directories(folder)), key=lambda x: x.path)
    if as_json:
        print_json(to_document(found))
    elif found:
        print_table(_table(found))
    else:
        typer.echo(
            f"No campaign below {display_path(folder.resolve())}. "
            "Run one with: onnxfi campaign run CONFIG.yaml"
        )


def _run_directories(folder: Path) -> Iterator[Path]:
    for place, folders, files in os.walk(folder):
        if _is_run_directory(Path(place), files):
            yield Path(place)
        folders[:] = [x for x in folders if not x.startswith(".")]


def _is_run_directory(place: Path, files: Collection[str]) -> bool:
    """Return whether a folder is a run directory, even if a file of it is missing or damaged."""
    if "manifest.json" not in files and "campaign.yaml" not in files:
        return False
    if any((place / "records").glob("*.parquet")):
        return True
    # A campaign that has no records yet. Other programs have manifests too.
    if "manifest.json" not in files:
        return False
    try:
        with open_regular(place / "manifest.json") as file:
            return b'"run_id"' in file.read()
    except OSError:
        return False


def _describe(path: Path) -> _Run:
    shown, changed = display_path(path), _last_change(path)
    try:
        directory = RunDirectory.open(path)
        planned, recorded = int(directory.manifest["injections"]), directory.recorded
        sign = read_sign_of_life(directory.storage)
        if sign is not None and sign.running:
            state: Literal["running", "finished", "interrupted"] = "running"
        elif recorded == planned or directory.storage.exists(STOPPED_EARLY):
            state = "finished"
        else:
            state = "interrupted"
        rows = open(path).summary() if recorded else ()
        rates = {x.error_model: x.rates for x in rows}
    except OnnxfiError as error:
        return _Run(shown, "damaged", 0, None, changed, problem=str(error))
    return _Run(shown, state, recorded, planned, changed, rates)


def _last_change(path: Path) -> str:
    """Return when the newest file was written."""
    places = [path / x for x in (".", "manifest.json", "records")]
    newest = max(x.stat().st_mtime for x in places if x.exists())
    return datetime.fromtimestamp(newest, UTC).isoformat(timespec="seconds")


def _table(found: list[_Run]) -> Table:
    return Table(
        [
            Column("run"),
            Column("state"),
            Column("injections", "number"),
            Column("sdc of each error model", "text"),
            Column("changed"),
        ],
        [
            (
                x.path,
                x.state,
                _count(x),
                x.problem or "; ".join(f"{m} {format_rate(r['sdc'])}" for m, r in x.rates.items()),
                _format_time(datetime.fromisoformat(x.changed).astimezone()),
            )
            for x in found
        ],
        caption=f"sdc of the whole network, {CAPTION}",
    )


def _format_time(time: datetime) -> str:
    this_year = time.year == datetime.now(UTC).astimezone().year
    return time.strftime("%d %b %H:%M" if this_year else "%d %b %Y")


def _count(run: _Run) -> str:
    if run.planned is None:
        return ""
    whole = run.state == "finished"
    return str(run.injections) if whole else f"{run.injections} of {run.planned}"
