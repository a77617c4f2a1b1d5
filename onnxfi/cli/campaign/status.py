"""``onnxfi campaign status``."""

import shlex
from collections import Counter
from typing import Any

import typer

from onnxfi.cli.campaign.live_view import counts_table
from onnxfi.cli.options.arguments import DirectoryArgument, JsonOption
from onnxfi.cli.output import print_json
from onnxfi.cli.tables import print_table
from onnxfi.run_directory import (
    STOPPED_EARLY,
    RunDirectory,
    SignOfLife,
    read_shards,
    read_sign_of_life,
)

_COLUMNS = ("target", "error_model", "outcome")


def status(directory: DirectoryArgument, *, as_json: JsonOption = False) -> None:
    """Show the progress of a campaign.

    It shows the number of recorded injections, the process that runs the campaign, and the rates
    so far.

    Example: onnxfi campaign status runs/lenet
    """
    opened = RunDirectory.open(directory)
    sign = read_sign_of_life(opened.storage)
    strata = _count(opened)
    done = sum(counted.total() for counted in strata.values())
    planned = int(opened.manifest["injections"])
    enough = done == planned or opened.storage.exists(STOPPED_EARLY)
    if as_json:
        print_json(
            {
                "recorded": done,
                "planned": planned,
                "done": enough,
                "running": _process(sign),
                "strata": [
                    {
                        "target": target,
                        "error_model": error_model,
                        "injections": counted.total(),
                        "outcomes": dict(counted),
                    }
                    for (target, error_model), counted in strata.items()
                ],
            }
        )
        return
    typer.echo(f"{done} of {planned} injections recorded ({100 * done / max(1, planned):.1f} %)")
    typer.echo(_describe_process(sign, left=0 if enough else planned - done, place=directory))
    if strata:
        weighted = opened.configuration.injections.sampling != "uniform"
        print_table(counts_table(strata, weighted=weighted, what="rates so far"))


def _count(directory: RunDirectory) -> dict[tuple[str, str], Counter[str]]:
    """Count the outcomes of each stratum, in the order of the injections."""
    strata: dict[tuple[str, str], Counter[str]] = {}
    if not directory.files():
        return strata
    for shard in read_shards(directory.place, _COLUMNS):
        # All injections of a shard belong to one stratum.
        key = (shard["target"][0].as_py(), shard["error_model"][0].as_py())
        counts = shard["outcome"].value_counts().to_pylist()
        strata.setdefault(key, Counter()).update({x["values"]: x["counts"] for x in counts})
    return strata


def _process(sign: SignOfLife | None) -> dict[str, Any] | None:
    if sign is None or not sign.running:
        return None
    return {
        "host": sign.host,
        "process": sign.process,
        "began": sign.began,
        "done": sign.done,
        "rate": sign.rate,
    }


def _describe_process(sign: SignOfLife | None, *, left: int, place: str) -> str:
    if sign is not None and sign.running:
        time_left = f", {_format_clock(left / sign.rate)} left" if sign.rate else ""
        return (
            f"Process {sign.process} on {sign.host} is running it: {sign.done} injections since "
            f"it began, {sign.rate:.0f}/s{time_left}."
        )
    if not left:
        return "The campaign is done."
    return f"No process is running it. Resume with: onnxfi campaign resume {shlex.quote(place)}"


def _format_clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}"
