"""Inputs that share a faulty weight have the bits of dense runs alone."""

from onnxfi.suffix import RunSettings
from onnxfi.suffix.phases.dense import Dense
from onnxfi.suffix.phases.phase import Entry
from onnxfi.suffix.phases.shared_weights import SharedWeights
from tests.support.phase_cases import Case
from tests.support.phase_contract import PhaseContract, entry_of, graphs


@graphs("two_weights")
class TestSharedWeights(PhaseContract):
    """SharedWeights, beside dense runs."""

    takes = frozenset(["two_weights"])
    lanes = 4

    def open(self, case: Case, settings: RunSettings) -> Entry:
        """Return the phase at the targets."""
        model = case.stage.model
        dense = Dense(model, case.targets, settings)
        shared = SharedWeights(model, case.targets, dense.run_whole, settings)
        return entry_of(model, case.targets, shared, dense)
