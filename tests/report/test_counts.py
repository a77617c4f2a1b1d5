"""The numbers of the figures, compared with counting the records one by one."""

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from onnxfi.report.counts import Collection, Counted, collect
from onnxfi.run_directory import RunDirectory, read_records
from onnxfi.statistics import Rate
from tests.support.made_run import make_run

KEYS = {
    "targets": ("target", "error_model"),
    "bits": ("bit", "dtype", "error_model"),
    "bits_of_targets": ("bit", "target", "error_model"),
    "patterns": ("pattern", "error_model"),
}


def one_by_one(run: Path, name: str) -> Counter[tuple[Any, ...]]:
    """Count the records of each group, and those that are sdc."""
    found: Counter[tuple[Any, ...]] = Counter()
    for row in read_records(run).to_pylist():
        bits = row["bit"] or []
        row["bit"] = bits[0] if len(bits) == 1 else None
        key = tuple(row[x] for x in KEYS[name])
        if key[0] is not None:
            found[(*key, "sdc")] += row["outcome"] == "sdc"
            found[(*key, "all")] += 1
    return found


def as_counter(name: str, counted: list[Counted]) -> Counter[tuple[Any, ...]]:
    """Bring the counts into the same form."""
    found: Counter[tuple[Any, ...]] = Counter()
    for x in counted:
        key = tuple(x.key[k] for k in KEYS[name])
        found[(*key, "sdc")] += x.sdc.count
        found[(*key, "all")] += x.injections
    return found


def collected(run: Path) -> Collection:
    """Collect the counts of a run directory."""
    return collect(RunDirectory.open(run))


def test_counts_are_those_of_the_records(finished: Path) -> None:
    found = collected(finished)
    for name in KEYS:
        counted = list(getattr(found, name))
        assert as_counter(name, counted) == one_by_one(finished, name)
        assert all(x.sdc == Rate.of(x.sdc.count, x.injections) for x in counted)
    assert found.error_models == ["bitflip:bit=any", "zero", "random"]


def test_groups_of_any_records(finished: Path, tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    rows = [
        {
            "target": str(rng.choice(["conv", "fc"])),
            "error_model": str(rng.choice(["bitflip", "spatial"])),
            "dtype": str(rng.choice(["float32", "int8"])),
            "bit": [None, [], [3], [3, 5], [7]][rng.integers(5)],
            "pattern": [None, "row", "single"][rng.integers(3)],
            "outcome": str(rng.choice(["masked", "benign", "sdc", "due"])),
        }
        for _ in range(300)
    ]
    run = make_run(finished, tmp_path / "run", rows)
    found = collected(run)
    for name in KEYS:
        assert as_counter(name, list(getattr(found, name))) == one_by_one(run, name)


def test_inputs_that_share_a_fault_widen_the_interval(finished: Path, tmp_path: Path) -> None:
    rows = [
        {"fault_id": fault, "input_index": index, "outcome": "sdc" if fault < 10 else "masked"}
        for fault in range(100)
        for index in range(4)
    ]
    injections = {"per_target": 100, "inputs_per_fault": 4}
    run = make_run(finished, tmp_path / "run", rows, injections=injections)
    [target] = collected(run).targets
    independent = Rate.of(40, 400)
    assert (target.sdc.count, target.sdc.total) == (40, 400)
    assert target.sdc.low < independent.low
    assert target.sdc.high > independent.high


@pytest.mark.parametrize(("handling", "expected"), [("keep", 4), ("exclude", 3)])
def test_wrong_inputs_as_the_configuration_says(
    finished: Path, tmp_path: Path, handling: str, expected: int
) -> None:
    rows: list[dict[str, Any]] = [{"label": 0}, {"label": 1}, {}, {"label": 0, "outcome": "sdc"}]
    run = make_run(finished, tmp_path / "run", rows, statistics={"wrong_inputs": handling})
    assert [x.injections for x in collected(run).targets] == [expected]
