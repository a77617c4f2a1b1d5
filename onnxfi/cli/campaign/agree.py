"""``onnxfi campaign agree``."""

from pathlib import Path
from typing import Annotated, Any

import typer

from onnxfi.campaign import Agreement, agree
from onnxfi.cli.options.arguments import DirectoryArgument, JsonOption
from onnxfi.cli.output import print_json
from onnxfi.cli.tables import Column, Table, print_table


def agree_with(
    directory: DirectoryArgument,
    published: Annotated[Path, typer.Argument(metavar="FILE", help="Published counts of faults.")],
    *,
    tolerance: Annotated[
        int, typer.Option("--tolerance", min=0, help="Inputs by which a fault may differ.")
    ] = 0,
    least: Annotated[
        float | None,
        typer.Option("--min-agreement", min=0, max=1, help="Exit 1 below this share of faults."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Compare a campaign with published counts.

    Faults are compared one by one. FILE is CSV or Parquet with the columns of
    the fault list, n_injections, masked, non_critical and critical. Critical counts sdc and due.

    Example: onnxfi campaign agree runs/list published.csv --tolerance 2
    """
    found = agree(directory, published, tolerance=tolerance)
    if as_json:
        print_json(_document(found))
    else:
        _print(found)
    if least is not None and found.share < least:
        raise typer.Exit(1)


def _print(found: Agreement) -> None:
    within = f" within {found.tolerance} inputs" if found.tolerance else ""
    typer.echo(
        f"{found.agreeing} of {len(found.faults)} faults agree in critical{within} "
        f"({found.share:.2%}), {found.agreeing_in_all} in all counts. "
        f"Only here: {found.only_here}; only published: {found.only_published}."
    )
    columns = [Column("count"), Column("here", "number"), Column("published", "number")]
    rows = [
        [name, *(str(x) for x in found.total(name))]
        for name in ("masked", "non_critical", "critical")
    ]
    print_table(Table(columns, rows))
    worst = found.worst()
    if not worst:
        return
    typer.echo("\nThe faults that differ most:")
    columns = [
        Column("target"),
        Column("index"),
        Column("bit", "number"),
        Column("critical", "number"),
        Column("published", "number"),
        Column("differ", "number", important=True),
    ]
    rows = [
        [
            x.name,
            str(x.index),
            *map(str, (x.bit, x.ours["critical"], x.published["critical"], x.difference)),
        ]
        for x in worst
    ]
    print_table(Table(columns, rows))


def _document(found: Agreement) -> dict[str, Any]:
    totals = {x: found.total(x) for x in ("masked", "non_critical", "critical")}
    return {
        "faults": len(found.faults),
        "agreeing": found.agreeing,
        "agreeing_in_all": found.agreeing_in_all,
        "share": found.share,
        "tolerance": found.tolerance,
        "only_here": found.only_here,
        "only_published": found.only_published,
        "totals": {x: {"here": a, "published": b} for x, (a, b) in totals.items()},
        "worst": [
            {
                "target": x.name,
                "index": list(x.index),
                "bit": x.bit,
                "difference": x.difference,
                "here": dict(x.ours),
                "published": dict(x.published),
            }
            for x in found.worst()
        ],
    }
