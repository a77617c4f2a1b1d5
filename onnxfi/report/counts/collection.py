"""Counts what the figures show, in one pass over the records and in bounded memory."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from onnxfi.injector import OUTCOMES
from onnxfi.report.counts.answers_given import AnswersGiven, ClassPair
from onnxfi.report.counts.magnitudes import Magnitudes, MagnitudeTally
from onnxfi.run_directory import RunDirectory, read_shards
from onnxfi.statistics import (
    GOLDEN_CORRECT,
    EstimatedRate,
    Group,
    OpenFaults,
    Rate,
    Tally,
    prepare,
)

# The columns that rates are grouped by; records with a null in the first are left out.
_KEYS: Mapping[str, tuple[str, ...]] = {
    "models": ("error_model",),
    "targets": ("target", "layer", "op_type", "kind", "dtype", "target_bits", "error_model"),
    "bits": ("bit", "dtype", "error_model"),
    "bits_of_targets": ("bit", "dtype", "target", "error_model"),
    "patterns": ("pattern", "error_model"),
}
# The lists with an entry for each site; only the figure of one target's sites needs them.
_LISTS = ("indices", "values", "target_of_site")
# Records in memory at once, at least.
_ROWS_AT_ONCE = 1 << 16


@dataclass(frozen=True, slots=True)
class Counted:
    """The outcomes of a group of injections.

    Attributes:
        key: the common values, by column.
        injections: number of injections.
        sdc: the share with the outcome sdc; its interval respects clustering by fault. It is
            estimated from strata if faults were sampled by severity.
        sdc_faults: number of faults with an injection that ended in sdc.
    """

    key: Mapping[str, Any]
    injections: int
    sdc: Rate
    sdc_faults: int

    @property
    def sdc_share(self) -> float:
        """What the group adds to the SDCs: their number, or their estimated share of all faults."""
        if isinstance(self.sdc, EstimatedRate):
            return self.sdc.share * self.sdc.part
        return self.sdc.count

    @property
    def error_model(self) -> str:
        """The error model of the injections."""
        return str(self.key["error_model"])


@dataclass(frozen=True, slots=True)
class Collection:
    """The counts of a campaign; each group is within one error model.

    Attributes:
        models: by error model.
        targets: by target, in the order of their first injections.
        bits: by flipped bit and dtype, for injections that flip exactly one bit.
        bits_of_targets: by flipped bit and target.
        patterns: by spatial pattern.
        classes: the number of injections by golden and faulty class, where the metric records
            them; without due injections.
        magnitudes: the errors of the outputs, by error model and outcome, where the metric records
            them.
    """

    models: Sequence[Counted]
    targets: Sequence[Counted]
    bits: Sequence[Counted]
    bits_of_targets: Sequence[Counted]
    patterns: Sequence[Counted]
    classes: Mapping[str, Mapping[ClassPair, int]]
    magnitudes: Mapping[tuple[str, str], Magnitudes]

    @property
    def error_models(self) -> list[str]:
        """The error models, in the order of their first injections."""
        return list(dict.fromkeys(x.error_model for x in self.targets))


def collect(opened: RunDirectory) -> Collection:
    """Count the records of a run directory.

    Injections whose input is wrong without a fault are left out if the configuration says so.

    Raises:
        ConfigurationError: there are no records, or they cannot be read.
    """
    per_fault = opened.configuration.injections.inputs_per_fault
    clustered = per_fault != 1
    tallies = {name: Tally(keys, OUTCOMES, clustered=clustered) for name, keys in _KEYS.items()}
    faults = OpenFaults(per_fault if isinstance(per_fault, int) else None)
    answers, magnitudes = AnswersGiven(), MagnitudeTally()
    for part in read_parts(opened):
        prepared, kept = counted_records(opened, part)
        complete = faults.add(part) if clustered else None
        for tally in tallies.values():
            tally.add(prepared)
            if complete is not None:
                tally.close(complete)
        answers.add(kept)
        magnitudes.add(kept)
    return Collection(
        **{name: _counted(tally.groups()) for name, tally in tallies.items()},
        classes=answers.found(),
        magnitudes=magnitudes.found(),
    )


def counted_records(opened: RunDirectory, part: pa.Table) -> tuple[pa.Table, pa.Table]:
    """Return records as statistics prepares them, with their dtype, and as they are.

    Excluded inputs are left out of both.
    """
    prepared = prepare(part, ()).append_column("dtype", part["dtype"])
    if opened.configuration.statistics.wrong_inputs == "keep":
        return prepared, part
    right = pc.fill_null(prepared[GOLDEN_CORRECT], True)
    return prepared.filter(right), part.filter(right)


def read_parts(opened: RunDirectory) -> Iterator[pa.Table]:
    """Yield the records in parts, without the lists of sites."""
    names = [x for x in next(read_shards(opened.place)).column_names if x not in _LISTS]
    waiting: list[pa.Table] = []
    for table in read_shards(opened.place, names):
        waiting.append(table)
        if sum(len(x) for x in waiting) >= _ROWS_AT_ONCE:
            yield pa.concat_tables(waiting)
            waiting = []
    if waiting:
        yield pa.concat_tables(waiting)


def _counted(groups: Sequence[Group]) -> list[Counted]:
    return [
        Counted(
            key=group.key,
            injections=group.injections,
            sdc=group.per_inference("sdc"),
            sdc_faults=group.per_fault("sdc").count,
        )
        for group in groups
    ]
