"""Tests that golden runs share passes, as far as memory allows."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from onnxfi.campaign import Campaign
from onnxfi.campaign.running import worker
from onnxfi.campaign.running.golden_runs import GoldenRuns
from onnxfi.injector.golden_pass import GoldenPass
from onnxfi.run_directory import read_records


def run(path: Path, *, memory: int) -> tuple[list[dict[str, Any]], int]:
    """Return the records of a campaign, and how often it passed an input through the model."""

    def golden_runs(*values: Any, **named: Any) -> GoldenRuns:
        return GoldenRuns(*values, **{**named, "memory": memory})

    with (
        mock.patch.object(worker, "GoldenRuns", golden_runs),
        mock.patch.object(GoldenPass, "run", autospec=True, side_effect=GoldenPass.run) as passing,
    ):
        records = read_records(Campaign.from_yaml(path).run().path).to_pylist()
    return records, passing.call_count


@pytest.mark.thorough
@pytest.mark.parametrize("kind", ["activation", "weight"])
def test_one_pass_for_all_targets(kind: str, work: Path, write: Callable[..., Path]) -> None:
    found = {}
    for memory in (0, 1 << 20):
        execution = {"workers": 1, "shard": 1000}
        configuration = {"targets": {"kind": kind}, "injections": {"per_target": 24}}
        out = str(work / f"run{memory}")
        found[memory] = run(write(**configuration, execution=execution, out=out), memory=memory)
    records, passes = found[1 << 20]
    inputs, targets = ({row[x] for row in records} for x in ("input_index", "target"))
    assert (len(inputs), passes) == (12, 12 + 1)  # the rehearsal has one of its own
    assert len(targets) > 3
    records_without_memory, passes_without_memory = found[0]
    assert passes_without_memory >= len(inputs) * len(targets)
    assert str(records_without_memory) == str(records)  # where a NaN is one


def test_threads_at_different_targets_share_no_pass(
    work: Path, write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: Any = vars(GoldenRuns)["_run_pass"]

    def interrupted(self: Any, group: Any, *rest: Any) -> Any:
        other = next(x for x in self._order if x not in group.members)
        self._group_of(other)  # as another thread does
        return taken(self, group, *rest)

    monkeypatch.setattr(GoldenRuns, "_run_pass", interrupted)
    configuration = {"targets": {"kind": "activation"}, "injections": {"per_target": 2}}
    path = write(**configuration, execution={"workers": 1}, out=str(work / "threads"))
    records, passes = run(path, memory=0)
    assert records
    assert passes > 2
