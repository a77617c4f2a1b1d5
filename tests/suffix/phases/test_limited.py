"""Runs in a process of their own have the bits of dense runs."""

from onnxfi.runtime.limits import Limits
from onnxfi.suffix import RunSettings
from onnxfi.suffix.phases.limited import Limited
from onnxfi.suffix.phases.phase import Entry
from tests.support.phase_cases import Case
from tests.support.phase_contract import PhaseContract, entry_of, graphs


@graphs("two_targets", nightly=["loop_with_captures", "skips", "branch_with_captures", "random_0"])
class TestLimited(PhaseContract):
    """Limited."""

    takes = frozenset(["loop_with_captures", "two_targets"])

    def open(self, case: Case, settings: RunSettings) -> Entry:
        """Return the phase at the targets."""
        rest = case.rest
        return entry_of(rest.model, rest.tensors, Limited(rest.model, Limits(), settings))
