"""Dense lanes have the bits of dense runs alone, however many share a batch."""

from onnxfi.suffix import Policy, RunSettings
from onnxfi.suffix.phases.dense import Dense
from onnxfi.suffix.phases.phase import Entry
from tests.support.phase_cases import Case
from tests.support.phase_contract import MANY, USUAL, PhaseContract, entry_of, graphs


@graphs(*USUAL, nightly=MANY)
class TestOneLane(PhaseContract):
    """Dense, with one lane."""

    takes = frozenset(USUAL)

    def open(self, case: Case, settings: RunSettings) -> Entry:
        """Return the phase at the targets."""
        rest = case.rest
        return entry_of(rest.model, rest.tensors, Dense(rest.model, rest.tensors, settings))


class TestFourLanes(TestOneLane):
    """Dense, with four lanes."""

    lanes = 4


class TestAutomaticLanes(TestOneLane):
    """Dense, with as many lanes as pay."""

    policy = Policy(runs_before_lanes=0)
    lanes = "auto"
