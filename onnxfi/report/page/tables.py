"""Defines the tables of a page, and makes them from statistics."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from onnxfi.report.figures.text import plural
from onnxfi.report.page.names import anchor
from onnxfi.statistics import (
    UNFLAGGED_SDC,
    CampaignStatistics,
    GroupStatistics,
    Rate,
    WeightedRate,
    describe_false_alarms,
)

#: In the order of interest.
OUTCOMES = ("sdc", "due", "benign", "masked")

# Rows of a grouping, such as the classes of a data set; more would fill the page.
_MOST_GROUPS = 100
# Characters of a name that fits into a narrow column.
_LONG = 16

Kind = Literal["name", "rate", "change", "number", "p", "text", "command"]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    Attributes:
        heading: the heading.
        kind: how the cells are shown; ``text`` is a number that is already formatted.
        help: what the heading means, for readers who hover over it.
    """

    heading: str
    kind: Kind = "name"
    help: str = ""

    @property
    def is_number(self) -> bool:
        """Whether the cells are aligned to the right."""
        return self.kind in ("rate", "change", "number", "p", "text")


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table.

    Attributes:
        cells: the cells, one for each column; the first is the name of the row.
        id: the anchor of the row; empty without one.
        error_model: the error model, to filter by.
    """

    cells: Sequence[Any]
    id: str = ""
    error_model: str = ""


@dataclass(frozen=True)
class Table:
    """A table that can be sorted and filtered.

    Attributes:
        id: the anchor.
        caption: says what the table holds.
        columns: the columns.
        rows: the rows.
    """

    id: str
    caption: str
    columns: Sequence[Column]
    rows: Sequence[Row]

    @property
    def summary(self) -> str:
        """The line that unfolds the table."""
        return f"{self.caption} ({plural(len(self.rows), 'row')})"

    @cached_property
    def error_models(self) -> list[str]:
        """The error models of the rows."""
        return list(dict.fromkeys(x.error_model for x in self.rows if x.error_model))

    @property
    def has_long_names(self) -> bool:
        """Whether the first column needs room."""
        return any(len(str(x.cells[0])) > _LONG for x in self.rows)

    @property
    def example(self) -> str:
        """A search that finds something."""
        return f"such as {self.rows[0].cells[0]}"


def detection_table(found: CampaignStatistics, labels: Mapping[str, str]) -> Table | None:
    """Return what alarms see: of the network, then of each target; None without alarms or harm."""
    if found.detection is None or not found.detection.targets:
        return None
    unflagged: dict[tuple[str, str | None], Rate | WeightedRate] = {
        (x.error_model, None): x.per_inference[UNFLAGGED_SDC] for x in found.network
    }
    for group in found.groups["target"]:
        key = group.key["error_model"], group.key["target"]
        unflagged[key] = group.per_inference[UNFLAGGED_SDC]
    rows = [
        Row(
            [
                "whole network" if x.target is None else labels.get(x.target, x.target),
                x.error_model,
                x.coverage,
                unflagged[x.error_model, x.target],
            ],
            error_model=x.error_model,
        )
        for x in (*found.detection.network, *found.detection.targets)
    ]
    columns = [
        Column("target"),
        Column("error model"),
        Column("coverage", "rate", "share of the sdc and due injections that raise an alarm"),
        Column("sdc not flagged", "rate", "share of all injections"),
    ]
    caption = f"What alarms see. {describe_false_alarms(found.detection)}"
    return Table("table-alarms", caption, columns, rows)


def targets_table(
    groups: Sequence[GroupStatistics], labels: Mapping[str, str], *, per_fault: bool
) -> Table:
    """Return the table of all targets.

    Args:
        groups: the statistics by target and error model, at least one.
        labels: the label of each target.
        per_fault: whether to count faults with an inference of each outcome, not inferences.
    """
    several = len({x.key["error_model"] for x in groups}) > 1
    labelled = not per_fault and any(x.accuracy for x in groups)
    help_of_drop = "golden minus faulty accuracy, in percentage points"
    tensors = any(labels[x.key["target"]] != x.key["target"] for x in groups)
    columns = [
        Column("target"),
        *([Column("error model")] if several else []),
        *(Column(name, "rate") for name in OUTCOMES),
        Column("faults" if per_fault else "injections", "number"),
        *([Column("accuracy drop", "change", help_of_drop)] if labelled else []),
        Column("operator"),
        *([Column("tensor")] if tensors else []),
    ]
    rows = []
    for x in groups:
        target, model = x.key["target"], x.key["error_model"]
        rates = x.per_fault if per_fault else x.per_inference
        cells = [
            labels[target],
            *([model] if several else []),
            *(rates[name] for name in OUTCOMES),
            x.faults if per_fault else x.injections,
            *([x.accuracy.drop if x.accuracy else None] if labelled else []),
            x.key["op_type"],
            *([target] if tensors else []),
        ]
        rows.append(Row(cells, "" if per_fault else row_id(target, model, several), model))
    if per_fault:
        caption = "Share of the faults with at least one inference of the outcome"
        return Table("table-faults", caption, columns, rows)
    return Table("table-targets", "Outcomes by target, with 95 % intervals", columns, rows)


def rates_table(groups: Sequence[GroupStatistics], labels: Mapping[str, str]) -> Table | None:
    """Return the metric's own rates by target; None if it has none.

    Args:
        groups: the statistics by target and error model, at least one.
        labels: the label of each target.
    """
    names = [name for name in groups[0].per_inference if name not in OUTCOMES]
    if not names:
        return None
    columns = [
        Column("target"),
        Column("error model"),
        *(Column(name, "rate", FLAGS.get(name, "")) for name in names),
    ]
    rows = [
        Row(
            [
                labels[x.key["target"]],
                x.key["error_model"],
                *(x.per_inference[name] for name in names),
            ],
            error_model=x.key["error_model"],
        )
        for x in groups
    ]
    return Table("table-rates", "Further rates of the metric", columns, rows)


def row_id(target: str, error_model: str, several: bool) -> str:
    """Return the anchor of a target's row."""
    return anchor("target", target, *([error_model] if several else []))


def groups_table(
    id: str, noun: str, caption: str, groups: Sequence[GroupStatistics]
) -> Table | None:
    """Return a table of a grouping within each error model; None without groups.

    Args:
        id: the anchor.
        noun: heading of the first column.
        caption: says what the table holds.
        groups: the statistics, whose keys are the grouping's column and the error model. If they
            are many, only those with the most SDC are shown.
    """
    if not groups:
        return None
    if len(groups) > _MOST_GROUPS:
        caption = f"{caption}: the {_MOST_GROUPS} of {len(groups)} with the most SDC"
        groups = sorted(groups, key=lambda x: -x.per_inference["sdc"].count)[:_MOST_GROUPS]
    several = len({x.key["error_model"] for x in groups}) > 1
    columns = [
        Column(noun),
        *([Column("error model")] if several else []),
        *(Column(name, "rate") for name in OUTCOMES),
        Column("injections", "number"),
    ]
    rows = [
        Row(
            [
                next(iter(x.key.values())),
                *([x.key["error_model"]] if several else []),
                *(x.per_inference[name] for name in OUTCOMES),
                x.injections,
            ],
            error_model=x.key["error_model"],
        )
        for x in groups
    ]
    return Table(id, caption, columns, rows)


#: The meaning of the metrics' rates; other rates are shown by name.
FLAGS = {
    "sdc5": "SDC-5: the faulty top-1 class is not among the golden top-5",
    "sdc10": "SDC-10 %: the score of the golden top-1 class changed by more than 10 %",
    "sdc20": "SDC-20 %: the score of the golden top-1 class changed by more than 20 %",
}
