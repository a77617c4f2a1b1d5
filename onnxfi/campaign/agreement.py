"""Compares the outcomes of a campaign with published counts, fault by fault."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from onnxfi.campaign.planning.fault_list.reading import parse_index, read_rows
from onnxfi.configuration import ListColumns
from onnxfi.errors import ConfigurationError
from onnxfi.run_directory import RunDirectory, read_shards

#: The published counts of a fault, and the outcomes here that they stand for.
COUNTS: Mapping[str, tuple[str, ...]] = {
    "masked": ("masked",),
    "non_critical": ("benign",),
    "critical": ("sdc", "due"),
}
_TOTAL = "n_injections"
_Key = tuple[str, tuple[int, ...], int]


@dataclass(frozen=True, slots=True)
class AgreedFault:
    """The counts of one fault, here and as published.

    Attributes:
        name: the target or layer in the list.
        index: its index there.
        bit: the flipped bit.
        ours: number of inputs by count: masked, non_critical, critical.
        published: the published numbers.
    """

    name: str
    index: tuple[int, ...]
    bit: int
    ours: Mapping[str, int]
    published: Mapping[str, int]

    @property
    def critical_difference(self) -> int:
        """The difference of the critical counts."""
        return abs(self.ours["critical"] - self.published["critical"])

    @property
    def difference(self) -> int:
        """The number of inputs whose outcome must differ, at least.

        Rounding of kernels decides whether a flip of the lowest bits is masked or not critical.
        """
        return sum(abs(self.ours[x] - self.published[x]) for x in COUNTS) // 2


@dataclass(frozen=True, slots=True)
class Agreement:
    """The agreement of a campaign with published counts.

    Attributes:
        faults: the faults of both, in the order of the published list.
        only_here: number of faults that only the campaign has.
        only_published: number of faults that only the list has.
        tolerance: inputs by which the counts of a fault may differ.
    """

    faults: Sequence[AgreedFault] = field(repr=False)
    only_here: int
    only_published: int
    tolerance: int

    @property
    def agreeing(self) -> int:
        """Number of faults whose critical counts differ by the tolerance at most."""
        return sum(x.critical_difference <= self.tolerance for x in self.faults)

    @property
    def agreeing_in_all(self) -> int:
        """Number of faults all of whose counts differ by the tolerance at most."""
        return sum(x.difference <= self.tolerance for x in self.faults)

    @property
    def share(self) -> float:
        """The share of the faults whose critical counts agree."""
        return self.agreeing / len(self.faults)

    def total(self, count: str) -> tuple[int, int]:
        """Return the sums of a count over the faults, here and as published."""
        ours = sum(x.ours[count] for x in self.faults)
        return ours, sum(x.published[count] for x in self.faults)

    def worst(self, count: int = 10) -> list[AgreedFault]:
        """Return the faults that differ most, without those that do not differ."""
        ordered = sorted(self.faults, key=lambda x: (-x.critical_difference, -x.difference))
        return [x for x in ordered[:count] if x.difference]


def agree(directory: str | Path, published: str | Path, *, tolerance: int = 0) -> Agreement:
    """Compare the outcomes of each fault of a campaign with published counts.

    Faults are matched by target, index and bit: by the columns of the list that the campaign ran,
    or else by tensor and flat index. Critical counts sdc and due, non_critical counts benign.

    Args:
        directory: the run directory, or its address.
        published: a CSV or Parquet file with the columns of the list and n_injections, masked,
            non_critical, critical.
        tolerance: inputs by which the counts of a fault may differ.

    Raises:
        ConfigurationError: the directory has no records, the file lacks a column or has a wrong
            row, no fault is in both, or a fault met another number of inputs.
    """
    opened = RunDirectory.open(directory)
    columns = opened.configuration.injections.columns or ListColumns()
    there = _read_published(Path(published), columns)
    listed = opened.configuration.injections.list is not None
    here = _count_here(opened, columns, listed=listed)
    if listed and not here.keys() >= there.keys():
        # The file may be of `campaign export --faults`, with tensors and flat indices.
        by_site = _count_here(opened, columns, listed=False)
        here = max(here, by_site, key=lambda counts: len(counts.keys() & there.keys()))
    both = [x for x in there if x in here]
    if not both:
        raise ConfigurationError(
            f"No fault of {opened.place} is in {published}. Both must name targets, indices and "
            "bits alike: run the list with `injections: {list: …}` first."
        )
    for key in both:
        met, meant = sum(here[key].values()), sum(there[key].values())
        if met != meant:
            raise ConfigurationError(
                f"Bit {key[2]} of {key[0]} at {key[1]} met {met} inputs here and {meant} as "
                "published. Finish the campaign with the same inputs and `inputs_per_fault: all`."
            )
    faults = [AgreedFault(*key, here[key], there[key]) for key in both]
    return Agreement(faults, len(here) - len(both), len(there) - len(both), tolerance)


def _count_here(
    opened: RunDirectory, columns: ListColumns, *, listed: bool
) -> dict[_Key, dict[str, int]]:
    names = ["listed", "outcome"] if listed else ["target", "indices", "bit", "outcome"]
    count_of = {outcome: name for name, outcomes in COUNTS.items() for outcome in outcomes}
    counts: dict[_Key, dict[str, int]] = {}
    for table in read_shards(opened.place, names):
        for record in table.to_pylist():
            key = _key(json.loads(record["listed"]), columns) if listed else _key_of_site(record)
            if key is not None:
                found = counts.setdefault(key, dict.fromkeys(COUNTS, 0))
                found[count_of[record["outcome"]]] += 1
    return counts


def _read_published(path: Path, columns: ListColumns) -> dict[_Key, dict[str, int]]:
    counts: dict[_Key, dict[str, int]] = {}
    for number, row in enumerate(read_rows(path, [*columns.names, _TOTAL, *COUNTS]), 1):
        key = _key(row, columns)
        values = {x: parse_index(row[x]) for x in (_TOTAL, *COUNTS)}
        plain = {x: value[0] for x, value in values.items() if value is not None}
        total = sum(plain.get(x, 0) for x in COUNTS)
        if key is None or len(plain) != len(values) or plain[_TOTAL] != total:
            raise ConfigurationError(
                f"{path.name}, row {number}: needs a target, an index, a bit, and whole numbers "
                f"{', '.join(COUNTS)} whose sum is {_TOTAL}."
            )
        found = counts.setdefault(key, dict.fromkeys(COUNTS, 0))
        for name in COUNTS:
            found[name] += plain[name]
    return counts


def _key(row: Mapping[str, Any], columns: ListColumns) -> _Key | None:
    index, bit = parse_index(row[columns.index]), parse_index(row[columns.bit])
    return (
        None if index is None or bit is None else (str(row[columns.target]).strip(), index, bit[0])
    )


def _key_of_site(record: Mapping[str, Any]) -> _Key | None:
    if len(record["indices"]) != 1 or record["bit"] is None:
        return None
    return record["target"], (record["indices"][0],), record["bit"][0]
