"""Makes the tables of a campaign's statistics."""

from collections import Counter
from collections.abc import Sequence

from onnxfi.cli.rates import CAPTION, estimate_difference, estimate_rate
from onnxfi.cli.tables import Column, Estimate, Table
from onnxfi.statistics import (
    CampaignStatistics,
    Coverage,
    GroupStatistics,
    Rate,
    describe_due,
    describe_place,
)

_HEADINGS = {"op_type": "op", "error_model": "error model"}
# Keys of a target that only --json shows.
_JSON_ONLY = {"layer", "kind", "target_bits"}


def group_table(
    groups: Sequence[GroupStatistics], *, title: str, rates: Sequence[str], per: str
) -> Table:
    """Return the rates of some groups.

    Args:
        groups: the groups, at least one.
        title: the title.
        rates: the rates to show.
        per: the denominator: ``inference`` or ``fault``.
    """
    keys = [x for x in groups[0].key if "target" not in groups[0].key or x not in _JSON_ONLY]
    several = any(x.faults != x.injections for x in groups)
    labelled = per == "inference" and any(x.accuracy for x in groups)
    numbers = [Column("injections", "number"), *([Column("faults", "number")] if several else [])]
    numbers += [Column(name, "number", important=name == "sdc") for name in rates]
    if labelled:
        numbers.append(Column("accuracy drop", "number"))
    rows: list[list[str | Estimate]] = []
    for group in groups:
        row: list[str | Estimate] = [_format_key(name, group.key[name]) for name in keys]
        row += [str(group.injections), *([str(group.faults)] if several else [])]
        of_group = group.per_inference if per == "inference" else group.per_fault
        row += [estimate_rate(of_group[name]) for name in rates]
        if labelled:
            row.append("" if group.accuracy is None else estimate_difference(group.accuracy.drop))
        rows.append(row)
    return Table(
        [*(Column(_HEADINGS.get(x, x.replace("_", " "))) for x in keys), *numbers],
        rows,
        title=title,
        caption=f"{CAPTION}, per {per}",
        within="error model" if len(keys) > 1 else None,
    )


def _format_key(name: str, value: object) -> str:
    if name != "op_type":
        return "" if value is None else str(value)
    # Targets that are hit together: "3 Conv + Relu".
    counts = Counter(str(value or "").split(" + "))
    return " + ".join(x if count == 1 else f"{count} {x}" for x, count in counts.items())


def network_table(found: CampaignStatistics, *, rates: Sequence[str]) -> Table:
    """Return the rates of the whole network under each error model."""
    return Table(
        [
            Column("error model"),
            Column("targets", "number"),
            *(Column(name, "number", important=name == "sdc") for name in rates),
        ],
        [
            [
                x.error_model,
                str(x.targets),
                *(estimate_rate(x.per_inference[name]) for name in rates),
            ]
            for x in found.network
        ],
        title="Whole network: targets weighted by their bits",
        caption="shares in % with 95 % intervals, per inference",
    )


def coverage_table(
    found: Sequence[Coverage],
    *,
    title: str = "What alarms see",
    caption: str = "coverage: share of sdc and due that raise an alarm, in %",
) -> Table:
    """Return what the alarms of a hardened model see."""
    return Table(
        [
            Column("target"),
            Column("error model"),
            Column("sdc and due", "number"),
            Column("coverage", "number", important=True),
        ],
        [
            [
                x.target or "whole network",
                x.error_model,
                str(x.coverage.total) if isinstance(x.coverage, Rate) else "",
                estimate_rate(x.coverage),
            ]
            for x in found
        ],
        title=title,
        caption=caption,
        within="error model",
    )


def due_table(found: CampaignStatistics) -> Table:
    """Return the due reasons of each target with due injections."""
    return Table(
        [
            Column("target"),
            Column("error model"),
            Column("due", "number"),
            Column("reasons", "text"),
        ],
        [[x.target, x.error_model, str(x.injections), describe_due(x)] for x in found.due],
        title="Why injections were due",
        caption="number of injections per reason",
        within="error model",
    )


def masking_table(found: CampaignStatistics) -> Table:
    """Return the tensors at which the injections at each target were masked."""
    return Table(
        [Column("target"), Column("error model"), Column("masked at", "text")],
        [
            [x.target, x.error_model, ", ".join(map(describe_place, x.masked_at))]
            for x in found.masking
            if x.masked_at
        ],
        title="Where injections were masked",
        caption="the tensor at which injections were masked; shares of injections in %",
        within="error model",
    )
