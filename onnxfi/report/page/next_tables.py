"""Says what to do next, in words and in tables."""

from collections.abc import Mapping
from typing import Any

from onnxfi.report.counts.answers import MARGIN, Answer
from onnxfi.report.figures.text import percent, plural
from onnxfi.report.page.findings import Findings
from onnxfi.report.page.precision import (
    Precision,
    more_at_target,
    precision,
)
from onnxfi.report.page.tables import Column, Row, Table
from onnxfi.statistics import WorstInjection

_SPACE = "\N{NO-BREAK SPACE}"
# A set of targets is worth naming if it holds this share of the SDC.
_MOST_SDC = 0.8
_MOST_TARGETS = 20  # in the table, for each error model
_MOST_NAMES = 4  # in a sentence; more are counted
_BITS = 4  # different flipped bits in a cell; more are counted


def next_texts(findings: Findings, labels: Mapping[str, str]) -> list[str]:
    """Return a paragraph about protection and precision for each error model."""
    texts = []
    for answer in findings.answers:
        model = answer.error_model
        sentences = (_protect(answer, labels), _measure(precision(findings, model)))
        texts.append(f"Under {model}: {' '.join(x for x in sentences if x)}")
    return texts


def next_tables(findings: Findings, labels: Mapping[str, str]) -> list[Table]:
    """Return the ranking of the targets and the precision of their rates."""
    several = len(findings.error_models) > 1
    rows = []
    for answer in findings.answers:
        model = answer.error_model
        rates = {x.key["target"]: x.per_inference["sdc"] for x in findings.of("target", model)}
        bits = {x.key["target"]: x.key["target_bits"] for x in findings.of("target", model)}
        for place, x in enumerate(answer.protection[:_MOST_TARGETS], start=1):
            if not x.share:
                break
            cells: list[Any] = [
                labels[x.target],
                *([model] if several else []),
                place,
                f"{percent(x.share)}{_SPACE}%",
                x.remaining,
                rates[x.target],
                bits[x.target],
                more_at_target(rates[x.target]),
            ]
            rows.append(Row(cells, error_model=model))
    if not rows:
        return []
    columns = [
        Column("target"),
        *([Column("error model")] if several else []),
        Column("rank", "number"),
        Column("share of all SDC", "text", "with targets weighted by their bits"),
        Column("SDC left", "rate", "SDC of the network if this target and those above are safe"),
        Column("SDC of the target", "rate"),
        Column("bits", "number"),
        Column(
            f"more for ±{100 * MARGIN:g}{_SPACE}%",
            "number",
            "injections to add until the SDC of the target is known to one percentage point",
        ),
    ]
    caption = "Targets to protect first: their share of all SDC, and the SDC that is left"
    return [Table("table-protect", caption, columns, rows)]


def worst_table(findings: Findings, labels: Mapping[str, str]) -> Table | None:
    """Return the worst injections with the commands that replay them."""
    worst = findings.worst
    if not worst:
        return None
    changes = any(x.golden for x in worst)
    magnitudes = any(x.magnitude is not None for x in worst)
    several = len(findings.error_models) > 1
    columns = [
        Column("target"),
        Column("run it again", "command"),
        Column("outcome"),
        *([Column("golden → faulty")] if changes else []),
        *([Column("error of the answer", "text")] if magnitudes else []),
        *([Column("error model")] if several else []),
        Column("fault"),
        Column("input", "number"),
    ]
    rows = [
        Row(
            [
                labels.get(x.target, x.target),
                x.replay,
                f"{x.outcome} ({x.due_reason})" if x.due_reason else x.outcome,
                *([_change(x)] if changes else []),
                *(["" if x.magnitude is None else f"{x.magnitude:.3g}"] if magnitudes else []),
                *([x.error_model] if several else []),
                _fault(x),
                x.input_index,
            ],
            id=f"injection-{x.id}",
            error_model=x.error_model,
        )
        for x in worst
    ]
    caption = f"The {len(rows)} worst injections, each with the command that runs it again"
    return Table("table-worst", caption, columns, rows)


def _protect(answer: Answer, labels: Mapping[str, str]) -> str:
    """Return a sentence about the fewest targets that hold most of the SDC."""
    if not answer.protection:
        return ""
    few = next(k for k, x in enumerate(answer.protection, 1) if x.together >= _MOST_SDC)
    names = [labels[x.target] for x in answer.protection[:few]]
    if few > _MOST_NAMES:
        what = f"the first {few} targets of the table below"
    else:
        what = names[0] if few == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
    left = answer.protection[few - 1].remaining
    return (
        f"protect {what}, and SDC falls from {percent(answer.sdc.share)}{_SPACE}% to "
        f"{percent(left.share)}{_SPACE}% [{percent(left.low)}, {percent(left.high)}]."
    )


def _measure(found: Precision) -> str:
    known = f"{100 * found.network:.2g}"
    text = f"The SDC of the network is known to ±{known} percentage points"
    if not found.wide:
        return f"{text}, and of every target to ±{100 * MARGIN:g}. No more injections are needed."
    more = _rounded(found.more)
    return (
        f"{text}. To know it to ±{100 * MARGIN:g} at every target, "
        f"{found.wide} of {plural(found.targets, 'target')} need about "
        f"{plural(more, 'more injection')}."
    )


def _rounded(number: int) -> int:
    """Return a number rounded up to two digits, since it is an estimate."""
    step: int = 10 ** max(0, len(str(number)) - 2)
    return -(-number // step) * step


def _fault(x: WorstInjection) -> str:
    """Return the pattern, the flipped bits and the number of sites, as far as they are known."""
    bits = sorted({*(x.bits or ())})
    parts = [
        x.pattern or "",
        ""
        if not bits
        else f"{len(bits)} bits"
        if len(bits) > _BITS
        else f"bit{'s' * (len(bits) > 1)} {', '.join(map(str, bits))}",
        plural(x.sites, "site") if x.sites != 1 or not bits else "",
    ]
    return ", ".join(part for part in parts if part)


def _change(x: WorstInjection) -> str:
    return ", ".join(
        f"{_value(golden)} → {_value(x.faulty.get(name))}" for name, golden in x.golden.items()
    )


def _value(value: Any) -> str:
    return "none" if value is None else f"{value:.4g}" if isinstance(value, float) else str(value)
