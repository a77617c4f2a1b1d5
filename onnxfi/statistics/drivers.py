"""Computes how much of the outcome each property of a fault explains."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from onnxfi.error_models import bit_layout, severities
from onnxfi.errors import ErrorModelError
from onnxfi.run_directory import read_shards
from onnxfi.statistics.weighting import STRATUM, WEIGHT

Factor = Literal["target", "bit", "direction", "severity", "pattern", "input"]

_COLUMNS = (
    *("target", "error_model", "dtype", "input_index", "pattern"),
    *("bit", "values", "outcome", STRATUM, WEIGHT),
)
# Levels of the severity: equal shares of the faults.
_LEVELS = 20


@dataclass(frozen=True, slots=True)
class Driver:
    """How much of the variance of the outcome a property of the faults explains.

    Attributes:
        error_model: the error model.
        factor: the property: ``target``, ``bit``, ``direction`` (0 to 1 or 1 to 0), ``severity``
            (20 levels of how far a flip moves its value), ``pattern`` or ``input``.
        levels: number of its values that occur.
        faults: number of injections that have the property.
        explained: the share of the variance, from 0 to 1, corrected for chance (epsilon squared);
            a property alone, so the shares of several do not add up.
    """

    error_model: str
    factor: Factor
    levels: int
    faults: int
    explained: float


def find_drivers(directory: str | Path, *, outcome: str = "sdc") -> list[Driver]:
    """Return the drivers of an outcome, within each error model the strongest first.

    Properties of which fewer than two values occur are left out. Records of campaigns that sample
    by severity are weighted.

    Args:
        directory: the run directory, or its address.
        outcome: the outcome: ``sdc``, ``due``, ``masked`` or ``benign``.

    Raises:
        ConfigurationError: there are no records, or they cannot be read.
    """
    names = [x for x in next(read_shards(directory)).column_names if x in _COLUMNS]
    table = pa.concat_tables(read_shards(directory, names))
    found = []
    for label in pc.unique(table["error_model"]).to_pylist():
        records = table.filter(pc.equal(table["error_model"], label))
        wrong = pc.equal(records["outcome"], outcome).to_numpy().astype(np.float64)
        weights = _weights(records)
        drivers = [
            Driver(label, factor, *_explained(levels, wrong, weights))
            for factor, make in _FACTORS.items()
            # A bit that is held may have had its value: only a flip tells the golden value.
            if label.startswith("bitflip") or factor not in ("direction", "severity")
            if (levels := make(records)) is not None
        ]
        found += sorted((x for x in drivers if x.levels > 1), key=lambda x: -x.explained)
    return found


def explained_variance(
    levels: np.ndarray, values: np.ndarray, weights: np.ndarray
) -> tuple[int, float]:
    """Return the number of levels, and the share of the variance between them.

    Epsilon squared: (between - (levels - 1) * mean square within) / total, at least 0. Source:
    T. L. Kelley, PNAS 21 (1935), 554-559.

    Args:
        levels: int64, shape ``(N,)``: the level of each value.
        values: float64, shape ``(N,)``.
        weights: float64, shape ``(N,)``: their weights, above 0.
    """
    _, place = np.unique(levels, return_inverse=True)
    scaled = weights * (weights.size / weights.sum())
    sizes = np.bincount(place, scaled)
    means = np.bincount(place, scaled * values) / sizes
    whole = float((scaled * values).sum() / scaled.sum())
    total = float((scaled * (values - whole) ** 2).sum())
    within = float((scaled * (values - means[place]) ** 2).sum())
    freedom = values.size - sizes.size
    if not total or freedom <= 0:
        return sizes.size, 0.0
    between = total - within - (sizes.size - 1) * within / freedom
    return sizes.size, max(0.0, between / total)


def _explained(
    levels: np.ndarray, values: np.ndarray, weights: np.ndarray
) -> tuple[int, int, float]:
    known = levels >= 0
    if not known.any():
        return 0, 0, 0.0
    count, share = explained_variance(levels[known], values[known], weights[known])
    return count, int(known.sum()), share


def _weights(records: pa.Table) -> np.ndarray:
    if STRATUM not in records.column_names:
        return np.ones(len(records))
    strata = records[STRATUM].to_numpy()
    runs = np.bincount(strata)
    return np.asarray(records[WEIGHT].to_numpy() / runs[strata])


def _encoded(name: str) -> Callable[[pa.Table], np.ndarray | None]:
    def levels(records: pa.Table) -> np.ndarray | None:
        codes = records[name].combine_chunks().dictionary_encode().indices
        return np.asarray(pc.fill_null(codes, -1).to_numpy(zero_copy_only=False))

    return levels


def _single_flips(records: pa.Table) -> Mapping[str, np.ndarray] | None:
    """Return the bit, the faulty bit and the severity of single flips; -1 and NaN for others."""
    bits = records["bit"].combine_chunks()
    single = pc.fill_null(pc.equal(pc.list_value_length(bits), 1), False)
    chosen = np.flatnonzero(single.to_numpy(zero_copy_only=False))
    if not chosen.size:
        return None
    flipped = pc.list_flatten(bits.filter(single)).to_numpy()
    values = pc.list_flatten(records["values"].combine_chunks().filter(single)).to_numpy()
    names = np.array(records["dtype"].to_pylist(), dtype=object)[chosen]
    found = {name: np.full(len(records), -1.0) for name in ("bit", "set", "score")}
    found["score"][:] = np.nan
    found["bit"][chosen] = flipped
    for name in set(names):
        some = names == name
        try:
            dtype = np.dtype(name)
            unsigned = bit_layout(dtype).unsigned
        except (TypeError, ErrorModelError):  # several targets, or not a number
            continue
        with np.errstate(over="ignore", invalid="ignore"):
            faulty = values[some].astype(dtype).view(unsigned)
        masks = np.left_shift(1, flipped[some], dtype=unsigned, casting="unsafe")
        golden = (faulty ^ masks).view(dtype)
        found["set"][chosen[some]] = (faulty & masks) != 0
        ones = np.ones(int(some.sum()), np.int64)
        found["score"][chosen[some]] = severities(golden, faulty.view(dtype), ones)
    return found


def _bits(records: pa.Table) -> np.ndarray | None:
    flips = _single_flips(records)
    return None if flips is None else flips["bit"].astype(np.int64)


def _directions(records: pa.Table) -> np.ndarray | None:
    flips = _single_flips(records)
    return None if flips is None else flips["set"].astype(np.int64)


def _severity_levels(records: pa.Table) -> np.ndarray | None:
    flips = _single_flips(records)
    if flips is None:
        return None
    scores = flips["score"]
    known = ~np.isnan(scores)
    levels = np.full(scores.size, -1)
    ranks = np.argsort(np.argsort(scores[known], kind="stable"), kind="stable")
    levels[known] = ranks * _LEVELS // max(1, ranks.size)
    return levels


_FACTORS: Mapping[Factor, Callable[[pa.Table], np.ndarray | None]] = {
    "target": _encoded("target"),
    "bit": _bits,
    "direction": _directions,
    "severity": _severity_levels,
    "pattern": _encoded("pattern"),
    "input": _encoded("input_index"),
}


def describe_drivers(drivers: Iterable[Driver]) -> list[str]:
    """Return a sentence for each error model that says where to look."""
    sentences = []
    strongest: dict[str, Driver] = {}
    for x in drivers:
        strongest.setdefault(x.error_model, x)
    for label, x in strongest.items():
        share = f"{100 * x.explained:.0f} % of the variance"
        sentences.append(
            f"{label}: nothing of this kind explains more than 1 % of the variance."
            if x.explained < 0.01
            else f"{label}: look at the {x.factor} first, which explains {share}."
        )
    return sentences
