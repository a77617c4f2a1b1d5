"""Writes the comparison of two campaigns as a page."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from onnxfi.report.figures.text import percent
from onnxfi.report.page.comparison_figure import comparison_figure
from onnxfi.report.page.explanations import definitions
from onnxfi.report.page.names import anchor
from onnxfi.report.page.pictures import Picture, picture
from onnxfi.report.page.rendering import points, render, write_page
from onnxfi.report.page.tables import FLAGS, Column, Row, Table
from onnxfi.report.target_names import target_names
from onnxfi.run_directory import RunDirectory
from onnxfi.statistics import ComparedGroup, Comparison, compare, summarise

_SPACE = "\N{NO-BREAK SPACE}"
# The chance of a false alarm, for the sentence and, shared among the targets, for their number.
_LEVEL = 0.05


def write_comparison_report(first: str | Path, second: str | Path, out: str | Path) -> Path:
    """Write the comparison of two campaigns as one HTML file that is readable offline.

    Args:
        first: a run directory, such as one of the original model.
        second: another one, such as one of the hardened or quantised model.
        out: the file to write.

    Returns:
        The file written.

    Raises:
        ConfigurationError: one of them is not a run directory or has no records, or the file cannot
            be written.
        MissingExtraError: jinja2 is not installed.
    """
    return write_page(Path(out), _page(first, second, compare(first, second)))


def _page(first: str | Path, second: str | Path, found: Comparison) -> str:
    runs = [RunDirectory.open(x) for x in (first, second)]
    groups = summarise(first, runs[0].configuration).groups.get("target", ())
    labels = target_names(x.key for x in groups)
    names = list(dict.fromkeys(name for x in found.targets for name in x.rates))
    figures = [x for x in (_picture(found, labels, name) for name in ("sdc", "due")) if x]
    metric = runs[0].configuration.metric.name
    return render(
        "comparison.html.j2",
        title=f"{_name(first)} and {_name(second)} compared",
        contents=[
            ("answer", "The answer"),
            ("layers", "Which layers?"),
            ("about", "About this comparison"),
        ],
        before=str(first),
        after=str(second),
        answers=[_answer(found, x) for x in found.network],
        paired=found.paired,
        only=[
            (place, [f"{x.target} ({x.error_model})" for x in targets])
            for place, targets in ((first, found.only_before), (second, found.only_after))
            if targets
        ],
        figures=figures,
        tables=[_table(found, labels, name) for name in names if name == "sdc"],
        folds=[_table(found, labels, name) for name in names if name != "sdc"],
        definitions=definitions(metric),
        facts=[
            (
                str(place),
                {
                    "model": str(run.configuration.model),
                    "SHA-256 of the model": run.manifest["model"],
                    "inputs": run.configuration.inputs.name,
                    "SHA-256 of the inputs": run.manifest["inputs"],
                    "injections": f"{run.recorded} recorded of {run.manifest['injections']}",
                    "seed": str(run.manifest["seed"]),
                    "provider": str(run.manifest["provider"]),
                },
            )
            for place, run in zip((first, second), runs, strict=True)
        ],
    )


def _name(place: str | Path) -> str:
    return str(place).rstrip("/").rpartition("/")[2]


def _picture(found: Comparison, labels: Mapping[str, str], name: str) -> Picture | None:
    groups = [x for x in found.targets if name in x.rates]
    if not any(x.rates[name].before.share or x.rates[name].after.share for x in groups):
        return None
    return picture(f"figure-{name}", lambda: comparison_figure(groups, labels, name))


def _answer(found: Comparison, network: ComparedGroup) -> tuple[str, str]:
    """Return the change of SDC under one error model, in figures and as a sentence."""
    rate = network.rates["sdc"]
    change = rate.difference
    verb = "fell" if change.high < 0 else "rose" if change.low > 0 else "did not change measurably:"
    p = "p < 0.001" if rate.p < 0.001 else f"p = {rate.p:.2g}"
    text = (
        f"Under {network.error_model}, SDC {verb} from {percent(rate.before.share)}{_SPACE}% "
        f"[{percent(rate.before.low)}, {percent(rate.before.high)}] to "
        f"{percent(rate.after.share)}{_SPACE}% "
        f"[{percent(rate.after.low)}, {percent(rate.after.high)}] of inferences: "
        f"{points(change.value)} points [{points(change.low)}, {points(change.high)}], {p}."
    )
    targets = [x.rates["sdc"] for x in found.targets if x.error_model == network.error_model]
    sure = [x for x in targets if x.p < _LEVEL / len(targets)]
    lower = sum(1 for x in sure if x.difference.value < 0)
    text += (
        f" It is lower at {lower} and higher at {len(sure) - lower} of {len(targets)} targets "
        f"(p below {_LEVEL} divided by the number of targets)."
    )
    return f"{percent(rate.before.share)} → {percent(rate.after.share)}{_SPACE}%", text


def _table(found: Comparison, labels: Mapping[str, str], name: str) -> Table:
    models = {x.error_model for x in found.targets}
    columns = [
        Column("target"),
        *([Column("error model")] if len(models) > 1 else []),
        Column("before", "rate"),
        Column("after", "rate"),
        Column("change", "change", "after minus before, in percentage points"),
        Column("p", "p", "the p-value of no change"),
        Column("test"),
    ]
    rows = [
        Row(
            [
                _target(x, labels),
                *([x.error_model] if len(models) > 1 else []),
                rate.before,
                rate.after,
                rate.difference,
                rate.p,
                rate.test,
            ],
            id=_row_id(x, name, several=len(models) > 1),
            error_model=x.error_model,
        )
        for x in (*found.targets, *found.network)
        if (rate := x.rates.get(name)) is not None
    ]
    caption = f"{FLAGS.get(name, name.upper())}, by target, before and after"
    return Table(f"table-{anchor(name)}", caption, columns, rows)


def _row_id(x: ComparedGroup, name: str, *, several: bool) -> str:
    if name != "sdc":
        return ""
    parts: Sequence[str] = ("target", x.target) if x.target else ("network",)
    return anchor(*parts, *([x.error_model] if several else []))


def _target(x: ComparedGroup, labels: Mapping[str, str]) -> str:
    if x.target is None:
        return "whole network"
    label = labels[x.target]
    return label if x.target_after == x.target else f"{label} / {x.target_after}"
