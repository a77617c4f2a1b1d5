"""Makes the tables of due reasons and of masked locations."""

from collections.abc import Mapping

from onnxfi.injector import DUE_REASONS
from onnxfi.report.page.findings import Findings
from onnxfi.report.page.tables import Column, Row, Table
from onnxfi.statistics import NOT_RECORDED, Rate, describe_masking

_AT_OUTPUTS = "only at the outputs"


def due_table(findings: Findings, labels: Mapping[str, str]) -> Table | None:
    """Return the number of due injections by reason; None without a due injection."""
    due = findings.statistics.due
    reasons = [name for name in (*DUE_REASONS, NOT_RECORDED) if any(name in x.reasons for x in due)]
    columns = [
        Column("target"),
        Column("error model"),
        Column("due", "number"),
        *(Column(name, "number") for name in reasons),
    ]
    rows = [
        Row(
            [
                labels.get(x.target, x.target),
                x.error_model,
                x.injections,
                *(x.reasons.get(name, 0) for name in reasons),
            ],
            error_model=x.error_model,
        )
        for x in due
    ]
    return Table("table-due", "Why injections were due", columns, rows) if rows else None


def masking_table(findings: Findings, labels: Mapping[str, str]) -> Table | None:
    """Return where injections were masked.

    None if no location is known, or if faults were sampled by severity.
    """
    masking = findings.statistics.masking
    if not any(place.tensor for x in masking for place in x.masked_at):
        return None
    if findings.directory.configuration.injections.sampling != "uniform":
        return None  # shares of injections that were drawn alike
    columns = [
        Column("target"),
        Column("error model"),
        Column("masked at"),
        Column("operator"),
        Column("share of injections", "rate"),
    ]
    rows = [
        Row(
            [
                labels.get(x.target, x.target),
                x.error_model,
                place.tensor or _AT_OUTPUTS,
                place.op_type,
                Rate.of(place.count, x.injections),
            ],
            error_model=x.error_model,
        )
        for x in masking
        for place in x.masked_at
    ]
    unknown = describe_masking(findings.statistics)
    caption = "Where injections were masked: the first tensor that equals golden again"
    return Table("table-masking", f"{caption}. {unknown}" if unknown else caption, columns, rows)
