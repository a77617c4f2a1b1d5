"""Runs up to a checkpoint, and then dense runs, give the bits of dense runs."""

from dataclasses import replace

import pytest

from onnxfi.suffix import Experience, Policy, RunSettings
from onnxfi.suffix.phases.checkpoint import Checkpoint
from onnxfi.suffix.phases.dense import Dense
from onnxfi.suffix.phases.phase import Entry
from onnxfi.suffix.suffix import run_from
from tests.support.phase_cases import Case, find_cases
from tests.support.phase_contract import (
    MANY,
    USUAL,
    PhaseContract,
    entry_of,
    graphs,
    opening_dense_entries,
)


@graphs(*USUAL, "dense_block", "light_squeezenet", nightly=MANY)
class TestCheckpoint(PhaseContract):
    """Checkpoint, with dense runs behind it."""

    policy = Policy.force("checkpoint")
    takes = frozenset([*USUAL, "dense_block", "light_squeezenet"])

    def open(self, case: Case, settings: RunSettings) -> Entry:
        """Return the phase at the targets."""
        rest = case.rest
        dense = Dense(rest.model, rest.tensors, settings)
        behind = opening_dense_entries(settings)
        checkpoint = Checkpoint(rest.model, rest.tensors, dense, behind, settings)
        return entry_of(rest.model, rest.tensors, checkpoint, dense)


@pytest.mark.parametrize(("paid", "looked_for_after"), [(None, 12), (True, 12), (False, 36)])
def test_it_is_looked_for_late_where_none_paid_before(
    paid: bool | None, looked_for_after: int
) -> None:
    """Of lanes in batches of 12, some equal golden."""
    policy = replace(Policy.force("checkpoint"), lanes_before_late_checkpoint=30)
    experience = Experience()
    experience.checkpoint_paid = paid
    settings = RunSettings(threads=1, lanes=1, policy=policy, experience=experience)
    (case,) = find_cases("dense_block")
    entry = TestCheckpoint().open(case, settings)
    checkpoint, dense = entry.phases
    assert isinstance(dense, Dense)
    batch = next(x for x in case.batches() if len(x) == 12)
    for ran in range(0, 60, 12):
        is_used = checkpoint.behind is not None
        assert is_used == (ran > looked_for_after)
        assert is_used != dense.is_open
        assert len(run_from(entry, [batch], most_lanes=64)) == 12
    assert experience.checkpoint_paid
