"""Runs up to a checkpoint, and then dense runs, give the bits of dense runs."""

from onnxfi.suffix import Policy, RunSettings
from onnxfi.suffix.phases.checkpoint import Checkpoint
from onnxfi.suffix.phases.dense import Dense
from onnxfi.suffix.phases.phase import Entry
from tests.support.phase_cases import Case
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
