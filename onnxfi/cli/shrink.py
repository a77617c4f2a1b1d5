"""``onnxfi shrink``."""

from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from onnxfi.campaign import Shrunk, shrink
from onnxfi.cli.options.arguments import DirectoryArgument, JsonOption
from onnxfi.cli.output import messages, print_json
from onnxfi.cli.tables import Column, Table, print_table
from onnxfi.display import counted

# Rows of the table; the file has all sites.
_MOST_ROWS = 20


def shrink_injection(
    directory: DirectoryArgument,
    *,
    injection: Annotated[int, typer.Option("--id", min=0, help="The id of the injection.")],
    budget: Annotated[int, typer.Option(min=1, help="The most injections to run.")] = 2000,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", metavar="FOLDER", help="The folder for the sites and a pytest."
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Shrink an sdc to the smallest corruption.

    It leaves out sites, then bits, as long as the outcome stays (delta debugging), and then finds
    by bisection how small the changes may be. With --out it writes the corruption as a list of
    sites, which `onnxfi embed --sites` accepts, and a pytest that runs it again.

    Example: onnxfi shrink runs/lenet --id 17 --out counterexamples
    """
    found = shrink(directory, injection, budget=budget)
    written = () if out is None else found.save(out)
    if as_json:
        print_json({**_document(found), "files": [str(x) for x in written]})
        return
    before, after = found.original.indices.size, found.corruption.indices.size
    typer.echo(
        f"Injection {injection} into {found.target} is {found.outcome}. Shrunk from "
        f"{counted(before, 'site')} to {counted(after, 'site')} and {counted(found.bits, 'bit')}, "
        f"in {counted(found.runs, 'run')}."
    )
    print_table(_table(found))
    if not found.minimal:
        messages.print("The runs are used up, and it may be shrunk further: raise --budget.")
    for path in written:
        messages.print(f"Written: {path}")


def _sites(found: Shrunk) -> list[dict[str, Any]]:
    return [
        {
            "index": [int(x) for x in np.unravel_index(site, found.shape)],
            "golden": golden,
            "faulty": faulty,
            "bits": bits,
            "smallest": smallest,
        }
        for site, golden, faulty, bits, smallest in found.sites()
    ]


def _document(found: Shrunk) -> dict[str, Any]:
    return {
        "injection_id": found.injection_id,
        "target": found.target,
        "outcome": found.outcome,
        "sites_before": found.original.indices.size,
        "sites": _sites(found),
        "bits": found.bits,
        "scale": found.scale,
        "runs": found.runs,
        "minimal": found.minimal,
    }


def _table(found: Shrunk) -> Table:
    rows = _sites(found)
    left_out = len(rows) - _MOST_ROWS
    more = f"; {counted(left_out, 'more site')}" if left_out > 0 else ""
    return Table(
        [
            Column("index"),
            Column("golden", "number"),
            Column("faulty", "number", important=True),
            Column("bits"),
            Column("smallest", "number"),
        ],
        [
            [
                ", ".join(map(str, row["index"])),
                f"{row['golden']:.6g}",
                f"{row['faulty']:.6g}",
                ", ".join(map(str, row["bits"])),
                "" if row["smallest"] is None else f"{row['smallest']:.6g}",
            ]
            for row in rows[:_MOST_ROWS]
        ],
        caption="smallest: the values after shrinking all changes by the same factor" + more,
    )
