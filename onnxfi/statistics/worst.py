"""Finds the worst injections of a campaign."""

import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from onnxfi.display import list_names, shorten
from onnxfi.run_directory import RunDirectory, make_schema, read_file, read_shards

# Columns of onnxfi's metrics that measure how far an answer moved, the first that is recorded
# counts; with the order in which the worst answer comes first.
_MAGNITUDES = {
    "max_absolute_error": "descending",
    "error_rate": "descending",
    "iou": "ascending",
    "min_iou": "ascending",
    "cosine_distance": "descending",
}
# The worst first. Nobody notices an sdc, so it is worse than a due.
_OUTCOMES = ("sdc", "due", "benign", "masked")
_GOLDEN = "golden_"


@dataclass(frozen=True, slots=True)
class WorstInjection:
    """One of the worst injections of a campaign.

    Attributes:
        id: the id of the injection.
        target: the target; several targets are joined by " + ".
        layer: the layer of the target; None if the model has no layer map.
        error_model: the error model.
        input_index: index of the input.
        label: the right class of the input; None without labels.
        bits: the flipped bits, one for each injection site at which a bit was flipped; None if
            none was.
        pattern: the spatial pattern; None if the error model draws none.
        sites: number of injection sites.
        outcome: the outcome.
        due_reason: why the outcome is due; None for other outcomes.
        magnitude: how far the answer moved, in the unit of the metric, such as
            ``max_absolute_error``; None if the metric has no such column.
        golden: the golden answer, by the metric's columns, such as ``top1``.
        faulty: the faulty answer, by the same columns.
        replay: the command that runs the injection again.
    """

    id: int
    target: str
    layer: str | None
    error_model: str
    input_index: int
    label: int | None
    bits: Sequence[int] | None
    pattern: str | None
    sites: int
    outcome: str
    due_reason: str | None
    magnitude: float | None
    golden: Mapping[str, Any]
    faulty: Mapping[str, Any]
    replay: str

    def __repr__(self) -> str:
        """Return one line: the id, the target, the bits or the pattern, and the answers."""
        hit = self.pattern or (f"bit {list_names(self.bits)}" if self.bits else self.error_model)
        answers = ", ".join(
            f"{name} {value} → {self.faulty.get(name)}" for name, value in self.golden.items()
        )
        if not answers and self.magnitude is not None:
            answers = f"magnitude {self.magnitude:.3g}"
        return (
            f"<{self.outcome} of injection {self.id} at {shorten(self.target)}, {shorten(hit)}"
            f"{answers and f': {answers}'}>"
        )


def worst_injections(directory: str | Path, count: int = 10) -> list[WorstInjection]:
    """Return the worst injections: sdc first, then due; within them by the error of the answer.

    Args:
        directory: the run directory, or its address.
        count: number of injections to return at most. Masked injections are left out.

    Raises:
        ConfigurationError: there are no records, or they cannot be read.
    """
    opened = RunDirectory.open(directory)
    names = next(read_shards(directory)).column_names
    magnitude = next((x for x in _MAGNITUDES if x in names), None)
    columns = [x for x in ("injection_id", "outcome", magnitude) if x is not None]
    ranked = _worst(read_shards(directory, columns), magnitude, count)
    # The other columns are large, so they are read only from the files of these injections.
    ids = set(ranked["injection_id"].to_pylist())
    files = zip(opened.finished(), opened.files(), strict=True)
    tables = [read_file(opened.storage, x) for held, x in files if not ids.isdisjoint(held)]
    rows = _worst(tables, magnitude, count).to_pylist() if ids else []
    return [_read(row, magnitude, opened.place) for row in rows]


def _worst(tables: Iterable[pa.Table], magnitude: str | None, count: int) -> pa.Table:
    """Return the worst injections of some tables, of which there is at least one."""
    worst: pa.Table | None = None
    for table in tables:
        plain = table.replace_schema_metadata()
        worst = plain if worst is None else pa.concat_tables([worst, plain])
        worst = worst.take(_ranks(worst, magnitude)[:count])
    return worst


def _ranks(table: pa.Table, magnitude: str | None) -> pa.Array:
    """Return the positions of the injections that are not masked, the worst first."""
    columns = {
        "rank": pc.index_in(table["outcome"], value_set=pa.array(_OUTCOMES)),
        "injection_id": table["injection_id"],
        "position": pa.array(range(len(table))),
    }
    keys = [("rank", "ascending"), ("injection_id", "ascending")]
    if magnitude is not None:
        columns[magnitude] = table[magnitude]
        keys.insert(1, (magnitude, _MAGNITUDES[magnitude]))
    ranked = pa.table(columns).filter(pc.not_equal(table["outcome"], "masked"))
    return ranked.sort_by(keys)["position"]


def _read(row: Mapping[str, Any], magnitude: str | None, place: str) -> WorstInjection:
    base = make_schema({}).names
    metric = {name: value for name, value in row.items() if name not in base}
    golden = {x.removeprefix(_GOLDEN): metric[x] for x in metric if x.startswith(_GOLDEN)}
    return WorstInjection(
        id=row["injection_id"],
        target=row["target"],
        layer=row["layer"],
        error_model=row["error_model"],
        input_index=row["input_index"],
        label=row["label"],
        bits=[x for x in row["bit"] or () if x is not None] or None,
        pattern=row["pattern"],
        sites=len(row["indices"]),
        outcome=row["outcome"],
        due_reason=row["due_reason"],
        magnitude=None if magnitude is None else metric[magnitude],
        golden=golden,
        faulty={name: metric[name] for name in golden if name in metric},
        replay=f"onnxfi campaign replay {shlex.quote(place)} --id {row['injection_id']}",
    )
