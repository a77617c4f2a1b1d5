"""Formats what a model costs before and after it is hardened."""

from onnxfi.cli.tables import Column, Table
from onnxfi.hardening import Cost


def cost_table(
    before: Cost,
    after: Cost,
    names: tuple[str, str],
    *,
    microseconds: tuple[int, int] | None = None,
    title: str = "",
) -> Table:
    """Make the table of two costs and their ratios.

    Args:
        before: the cost of the first model.
        after: the cost of the second.
        names: what the two columns are called.
        microseconds: the durations of an inference of each, if they were measured.
        title: the title of the table.
    """
    rows = [
        ("FLOPs", before.flops, after.flops),
        ("stored numbers", before.parameters, after.parameters),
        ("nodes", before.nodes, after.nodes),
    ]
    if microseconds is not None:
        rows.append(("microseconds", *microseconds))
    return Table(
        [Column(""), *(Column(x, "number") for x in (*names, "ratio"))],
        [[name, f"{x:,}", f"{y:,}", f"{y / max(x, 1):.2f}"] for name, x, y in rows],
        title=title,
    )
