"""Collects the records of a shard, column by column."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import repeat
from typing import Any

import numpy as np
import pyarrow as pa

from onnxfi.error_models import log2_norm, severities
from onnxfi.error_models.values import VALUE_CLASSES, class_numbers, to_float64
from onnxfi.graph import Target
from onnxfi.injector import Injections, is_raised
from onnxfi.injector.metrics import MetricValue

_JOINT = " + "


class ShardRecords:
    """The records of injections that hit the same targets with the same error models."""

    def __init__(
        self,
        *,
        targets: Sequence[Target],
        error_model: str,
        target_bits: int,
        schema: pa.Schema,
        drawn_from: tuple[int, float] | None = None,
    ) -> None:
        """Begin without a record.

        Args:
            targets: the targets, in the order in which they are corrupted.
            error_model: name of the error models in the records.
            target_bits: bits of the targets that faults can hit: their weight in the fault space.
            schema: the columns of the records, including the metric's.
            drawn_from: the stratum of scored faults, and its share of all faults; None where faults
                are drawn uniformly.
        """
        self.outcomes: Counter[str] = Counter()
        self.masked_at: Counter[str] = Counter()
        self.target = _JOINT.join(x.tensor for x in targets)
        self.error_model = error_model
        self._targets = tuple(targets)
        self._schema = schema
        named = any(target.layer for target in targets)
        self._constant: dict[str, Any] = {
            "target": self.target,
            "kind": _JOINT.join(x.kind for x in targets),
            "op_type": _JOINT.join(x.op_type for x in targets),
            "layer": _JOINT.join(x.layer or x.tensor for x in targets) if named else None,
            "dtype": _JOINT.join(dict.fromkeys(x.dtype.name for x in targets)),
            "target_bits": target_bits,
            "error_model": error_model,
        }
        if drawn_from is not None:
            self._constant |= {"stratum": drawn_from[0], "weight": drawn_from[1]}
        self._columns: dict[str, list[Any]] = {
            name: [] for name in schema.names if name not in self._constant
        }
        self._sites: list[_Sites] = []

    def add(
        self,
        injections: Injections,
        *,
        ranges: Sequence[tuple[float, float]],
        label: int | None,
        metric_columns: Mapping[str, Sequence[MetricValue]],
        list_columns: Mapping[str, Sequence[Any]] | None = None,
    ) -> None:
        """Add the records of injections that met one input.

        Args:
            injections: the injections, at least one.
            ranges: lowest and highest finite value of each golden tensor.
            label: the right class of the input, for the column ``correct``; or None.
            metric_columns: the metric's columns by name, each with a value for each injection.
            list_columns: the columns of a fault list; None without one.
        """
        count, batch = len(injections), injections.batch
        self.outcomes.update(injections.outcomes)
        self.masked_at.update(
            at or ""
            for at, outcome in zip(injections.masked_at, injections.outcomes, strict=True)
            if outcome == "masked"
        )
        columns: dict[str, Any] = {
            "injection_id": batch.ids,
            "fault_id": batch.faults,
            "input_index": repeat(batch.input_index, count),
            "label": repeat(label, count),
            "pattern": _patterns(injections),
            "outcome": injections.outcomes,
            "due_reason": injections.due_reasons,
            "correct": repeat(None, count)
            if label is None or "top1" not in self._columns
            else [x == label for x in metric_columns["top1"]],
        }
        if "flagged" in self._columns:
            columns["flagged"] = injections.flagged
            columns["golden_flagged"] = repeat(is_raised(batch.golden.alarms), count)
        columns |= list_columns or {}
        if "score" in self._columns:
            columns["score"] = _scores(injections, self._targets)
        of_sites = _Sites.NAMES
        for name, column in self._columns.items():
            if name in columns:
                column.extend(columns[name])
            elif name not in of_sites:
                column.extend(metric_columns[name])
        self._sites.append(_Sites(injections, ranges))

    def table(self) -> pa.Table:
        """Return the records by id, with the counts of masked locations in the metadata."""
        count = len(self._columns["injection_id"])
        arrays = _site_columns(self._sites, self._targets)
        for name, value in self._constant.items():
            arrays[name] = pa.repeat(pa.scalar(value, self._schema.field(name).type), count)
        for name, column in self._columns.items():
            if name not in arrays:
                arrays[name] = pa.array(column, self._schema.field(name).type)
        names = self._schema.names
        metadata = {"onnxfi.masked_at": json.dumps(self.masked_at)}
        table = pa.table([arrays[name] for name in names], names=names, metadata=metadata)
        ids = self._columns["injection_id"]
        return table if ids == sorted(ids) else table.take(np.argsort(ids))


class _Sites:
    """The injection sites of consecutive injections."""

    NAMES = ("target_of_site", "value_classes", "bit", "indices", "values")

    def __init__(self, injections: Injections, ranges: Sequence[tuple[float, float]]) -> None:
        self.sizes = np.zeros(len(injections), np.int64)
        self.flips = np.zeros(len(injections), bool)
        owners, parts = [], []
        # After a failed execution, later targets may have no corruption.
        for number, (hits, limits) in enumerate(zip(injections.hits, ranges, strict=False)):
            hit = hits.corruptions
            self.sizes[hits.members] += hit.sizes
            self.flips[hits.members] |= hit.with_bits
            owners.append(np.repeat(hits.members, hit.sizes))
            part = (
                hit.indices,
                to_float64(hit.values),
                class_numbers(hits.replaced, hit.values, low=limits[0], high=limits[1]),
                hit.bits,
                np.repeat(~hit.with_bits, hit.sizes),
                np.full(hit.indices.size, number, np.int32),
            )
            parts.append(part)
        columns = [np.concatenate(x) for x in zip(*parts, strict=True)]
        if len(parts) > 1:  # restore the order of the injections
            order = np.argsort(np.concatenate(owners), kind="stable")
            columns = [x[order] for x in columns]
        self.indices, self.values, self.classes, self.bits, self.without_bit, self.target = columns


def _site_columns(pieces: Sequence[_Sites], targets: Sequence[Target]) -> dict[str, pa.Array]:
    """Return the list columns, with one entry for each injection site."""
    sizes, flips = (
        np.concatenate([getattr(x, name) for x in pieces]) for name in ("sizes", "flips")
    )
    offsets = pa.array(np.concatenate([[0], np.cumsum(sizes)]), pa.int32())

    def joined(name: str) -> np.ndarray:
        return np.concatenate([getattr(x, name) for x in pieces])

    def lists(values: pa.Array, mask: np.ndarray | None = None) -> pa.Array:
        null = None if mask is None else pa.array(mask)
        return pa.ListArray.from_arrays(offsets, values, mask=null)

    everywhere = np.full(sizes.size, len(targets) == 1)
    names = pa.array([x.tensor for x in targets], pa.string())
    return {
        "indices": lists(pa.array(joined("indices"))),
        "values": lists(pa.array(joined("values"))),
        "value_classes": lists(
            pa.array(VALUE_CLASSES, pa.string()).take(pa.array(joined("classes")))
        ),
        "bit": lists(pa.array(joined("bits"), mask=joined("without_bit")), ~flips),
        "target_of_site": lists(names.take(pa.array(joined("target"))), everywhere),
    }


def _scores(injections: Injections, targets: Sequence[Target]) -> list[float]:
    """Return the score of each injection, which has one target, as in `ScoredFaults`."""
    norm = log2_norm(injections.batch.golden.targets[targets[0].tensor])
    scores = np.full(len(injections), -np.inf)
    for hits in injections.hits:
        found = severities(hits.replaced, hits.corruptions.values, hits.corruptions.sizes)
        scores[hits.members] = found - norm
    return [float(x) for x in scores]


def _patterns(injections: Injections) -> Sequence[str | None]:
    """Return the names of the spatial patterns of each injection, without repetition."""
    found: list[dict[str, None]] = [{} for _ in range(len(injections))]
    for hits in injections.hits:
        if hits.corruptions.patterns is not None:
            for place, pattern in zip(
                hits.members.tolist(), hits.corruptions.patterns, strict=True
            ):
                if pattern is not None:
                    found[place][pattern] = None
    return [_JOINT.join(x) if x else None for x in found]
