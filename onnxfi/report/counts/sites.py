"""Counts where the faults of one target hit it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from onnxfi.error_models.sites import CanonicalLayout
from onnxfi.report.counts.collection import counted_records
from onnxfi.run_directory import RunDirectory, read_shards

_NEEDED = (
    "injection_id", "fault_id", "target", "kind", "op_type", "layer", "dtype", "target_bits",
    "error_model", "input_index", "label", "pattern", "target_of_site", "value_classes", "bit",
    "indices", "outcome", "due_reason", "correct", "golden_top1",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sites:
    """The injection sites of one target under one error model.

    Attributes:
        injections: number of injections.
        shape: channels, rows and columns of the target; a single row if its shape is not fixed.
        channels: hits of each channel, shape ``(2, channels)``: all, and those that ended in SDC.
        positions: hits of each position, shape ``(2, rows, columns)``, over all channels.
    """

    injections: int
    shape: tuple[int, int, int]
    channels: np.ndarray
    positions: np.ndarray


def count_sites(
    opened: RunDirectory,
    tensor: str,
    *,
    shape: Sequence[int | str | None] | None,
    channel_axis: int | None,
) -> dict[str, Sites]:
    """Count the sites of a target by error model, in a pass over the records.

    Args:
        opened: the run directory.
        tensor: the target, which may be hit together with others.
        shape: its shape, with names or None for axes that are not fixed; None if unknown.
        channel_axis: its channel axis, if known.
    """
    names = next(read_shards(opened.place)).column_names
    sums: dict[str, _Sum] = {}
    for shard in read_shards(opened.place, [x for x in names if x in _NEEDED]):
        if not shard.num_rows or tensor not in shard["target"][0].as_py():
            continue  # a records file has one target
        _, records = counted_records(opened, shard)
        for model in pc.unique(records["error_model"]).to_pylist():
            of_model = records.filter(pc.equal(records["error_model"], model))
            sums.setdefault(model, _Sum()).add(of_model, tensor)
    layout = _layout(shape, channel_axis)
    return {model: x.placed(layout) for model, x in sums.items() if x.hits}


class _Sum:
    """Hits by flat index."""

    def __init__(self) -> None:
        self.injections = 0
        self.hits: dict[bool, dict[int, int]] = {}

    def add(self, records: pa.Table, tensor: str) -> None:
        flat = pa.table(
            {
                "row": pc.list_parent_indices(records["indices"].combine_chunks()),
                "index": pc.list_flatten(records["indices"].combine_chunks()),
            }
        )
        together = records["target_of_site"].combine_chunks()
        if together.null_count < len(together):
            flat = flat.filter(pc.equal(pc.list_flatten(together), tensor))
        elif records["target"][0].as_py() != tensor:
            return
        rows = flat["row"].to_numpy()
        self.injections += np.unique(rows).size
        is_sdc = pc.equal(records["outcome"], "sdc").to_numpy()[rows]
        for kind in (False, True):
            indices, counts = np.unique(
                flat["index"].to_numpy()[is_sdc == kind], return_counts=True
            )
            found = self.hits.setdefault(kind, {})
            for index, count in zip(indices.tolist(), counts.tolist(), strict=True):
                found[index] = found.get(index, 0) + count

    def placed(self, layout: CanonicalLayout | None) -> Sites:
        most = max((max(x, default=0) for x in self.hits.values()), default=0)
        shape = (1, 1, most + 1) if layout is None else layout.shape
        channels = np.zeros((2, shape[0]), np.int64)
        positions = np.zeros((2, *shape[1:]), np.int64)
        for is_sdc, found in self.hits.items():
            indices = np.fromiter(found.keys(), np.int64)
            counts = np.fromiter(found.values(), np.int64)
            channel, position = _canonical(indices, shape, layout)
            for row in (0, 1) if is_sdc else (0,):
                np.add.at(channels[row], channel, counts)
                np.add.at(positions[row].reshape(-1), position, counts)
        return Sites(self.injections, shape, channels, positions)


def _canonical(
    indices: np.ndarray, shape: tuple[int, int, int], layout: CanonicalLayout | None
) -> tuple[np.ndarray, np.ndarray]:
    """Return the channel and the position in it of flat indices."""
    inner = shape[1] * shape[2] if layout is None else layout.inner
    outer, within = np.divmod(indices, inner)
    outer, channel = np.divmod(outer, shape[0])
    return channel, (outer * inner + within) % (shape[1] * shape[2])


def _layout(
    shape: Sequence[int | str | None] | None, channel_axis: int | None
) -> CanonicalLayout | None:
    """Return the layout of a shape; None if other axes than the first are not fixed."""
    if shape is None:
        return None
    sizes = [x if isinstance(x, int) else 1 if not place else 0 for place, x in enumerate(shape)]
    if not all(x > 0 for x in sizes) or (sizes and channel_axis == 0 and shape[0] != sizes[0]):
        return None
    return CanonicalLayout.of(tuple(sizes), channel_axis)


def merge(hits: np.ndarray, most: Mapping[int, int]) -> np.ndarray:
    """Return hits with neighbours added up, so that no axis is longer than wanted.

    Args:
        hits: counts.
        most: the largest length of each axis to shorten.
    """
    for axis, wanted in most.items():
        size = hits.shape[axis]
        if size > wanted:
            starts = np.unique(np.arange(size) * wanted // size, return_index=True)[1]
            hits = np.add.reduceat(hits, starts, axis=axis)
    return hits
