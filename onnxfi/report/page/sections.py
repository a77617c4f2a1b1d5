"""Makes the sections of a report."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from onnxfi.report.figures import Figure
from onnxfi.report.page.findings import Findings
from onnxfi.report.page.names import anchor
from onnxfi.report.page.next_tables import next_tables, next_texts, worst_table
from onnxfi.report.page.pictures import Picture, picture
from onnxfi.report.page.reason_tables import due_table, masking_table
from onnxfi.report.page.tables import (
    Table,
    detection_table,
    groups_table,
    rates_table,
    targets_table,
)
from onnxfi.report.plots import Plots
from onnxfi.statistics import GroupStatistics

# Targets whose sites are drawn, each with a pass over the records.
_MOST_SITES = 8
# Characters of their pictures.
_SITES_SIZE = 150_000
# Between the names of targets that are hit together.
_JOINT = " + "


@dataclass(frozen=True, slots=True)
class Section:
    """A section of the page.

    Attributes:
        id: the anchor.
        heading: the heading.
        texts: the paragraphs.
        figures: the pictures.
        choice: a picture to choose from several.
        tables: the tables that are shown.
        folds: the tables that are folded.
    """

    id: str
    heading: str
    texts: Sequence[str] = ()
    figures: Sequence[Picture] = ()
    choice: "Choice | None" = None
    tables: Sequence[Table] = ()
    folds: Sequence[Table] = ()


@dataclass(frozen=True, slots=True)
class Choice:
    """Pictures of which one is shown.

    Attributes:
        id: the anchor.
        label: the label of the list to choose from.
        figures: the name and the picture of each choice.
    """

    id: str
    label: str
    figures: Sequence[tuple[str, Picture]] = ()


def sections(findings: Findings, plots: Plots, labels: Mapping[str, str]) -> list[Section]:
    """Return the sections that have content, from the layers to the next steps.

    Args:
        findings: the findings of the campaign.
        plots: its figures; the outputs of the worst injections only if they can replay.
        labels: the label of each target.
    """
    made = (
        _layers(findings, plots, labels),
        _bits(findings, plots),
        _patterns(findings, plots),
        _changes(findings, plots, labels),
        _sites(findings, plots, labels),
        _next(findings, plots, labels),
    )
    return [x for x in made if x.figures or x.choice or x.tables or x.folds]


def _pictures(makers: Mapping[str, Callable[[], Figure]]) -> list[Picture]:
    found = (picture(f"figure-{name}", make) for name, make in makers.items())
    return [x for x in found if x is not None]


def _known(*tables: Table | None) -> list[Table]:
    return [x for x in tables if x is not None]


def _layers(findings: Findings, plots: Plots, labels: Mapping[str, str]) -> Section:
    groups = findings.targets
    faults = [targets_table(groups, labels, per_fault=True)] if _clustered(findings) else []
    operators = _by(findings, "operator")
    return Section(
        "layers",
        "Which layers?",
        figures=_pictures({"layers": plots.layers, "network": plots.network}),
        tables=[
            targets_table(groups, labels, per_fault=False),
            *_known(detection_table(findings.statistics, labels)),
        ],
        folds=[
            *faults,
            *_known(
                rates_table(groups, labels),
                groups_table("table-operators", "operator", "Outcomes by operator", operators),
            ),
        ],
    )


def _clustered(findings: Findings) -> bool:
    return findings.statistics.faults != findings.statistics.injections


def _by(findings: Findings, grouping: str) -> list[GroupStatistics]:
    return [x for model in findings.error_models for x in findings.of(grouping, model)]


def _bits(findings: Findings, plots: Plots) -> Section:
    bits = sorted(_by(findings, "bit"), key=lambda x: x.key["bit"])
    table = groups_table("table-bits", "bit", "Outcomes by flipped bit", bits)
    return Section(
        "bits",
        "Which bits?",
        figures=_pictures({"heatmap": plots.heatmap, "bits": plots.bits}),
        folds=_known(table),
    )


def _patterns(findings: Findings, plots: Plots) -> Section:
    groups = sorted(_by(findings, "pattern"), key=lambda x: -x.per_inference["sdc"].share)
    values = _by(findings, "value_class")
    return Section(
        "patterns",
        "Which patterns?",
        figures=_pictures({"patterns": plots.patterns}),
        folds=_known(
            groups_table("table-patterns", "pattern", "Outcomes by spatial pattern", groups),
            groups_table("table-values", "value class", "Outcomes by value class", values),
        )
        if groups
        else [],
    )


def _changes(findings: Findings, plots: Plots, labels: Mapping[str, str]) -> Section:
    makers = {"confusion": plots.confusion, "magnitudes": plots.magnitudes}
    if plots.can_replay:
        makers["worst"] = plots.worst
    classes = _by(findings, "input_class")
    return Section(
        "changes",
        "What changes?",
        figures=_pictures(makers),
        folds=_known(
            groups_table("table-classes", "class", "Outcomes by class of the input", classes),
            due_table(findings, labels),
            masking_table(findings, labels),
        ),
    )


def _sites(findings: Findings, plots: Plots, labels: Mapping[str, str]) -> Section:
    """Return the pictures of the sites of the targets with the most SDC."""
    sdc: Counter[str] = Counter()
    for x in findings.targets:
        sdc[x.key["target"]] += x.per_inference["sdc"].count
    shown: list[tuple[str, Picture]] = []
    size = 0
    for target, _ in sdc.most_common(_MOST_SITES):
        for tensor in str(target).split(_JOINT):
            drawn = picture(anchor("sites", tensor), partial(plots.sites, tensor), twice=False)
            size += 0 if drawn is None else len(drawn.broad)
            if drawn is not None and (not shown or size < _SITES_SIZE):
                shown.append((labels.get(tensor, tensor), drawn))
    texts = [f"These are the {len(shown)} targets with the most SDC."] if len(sdc) > 1 else []
    choice = Choice("sites-of-targets", "Target", shown) if shown else None
    return Section("sites", "Where in the tensor?", texts=texts, choice=choice)


def _next(findings: Findings, plots: Plots, labels: Mapping[str, str]) -> Section:
    worst = worst_table(findings, labels)
    return Section(
        "next",
        "What next?",
        figures=_pictures({"protection": plots.protection}),
        texts=next_texts(findings, labels),
        tables=[*next_tables(findings, labels), *_known(worst)],
    )
