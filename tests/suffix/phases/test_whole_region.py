"""Running the push region on whole tensors, and then dense runs, gives the bits of dense runs."""

from onnxfi.suffix import RunSettings
from onnxfi.suffix.phases.phase import Entry
from onnxfi.suffix.phases.whole_region import WholeRegion
from tests.support.phase_cases import Case
from tests.support.phase_contract import (
    MANY,
    USUAL,
    PhaseContract,
    behind_region,
    entry_of,
    find_region,
    graphs,
)


@graphs(*USUAL, "dense_block", "light_squeezenet", nightly=MANY)
class TestWholeRegion(PhaseContract):
    """WholeRegion, with dense runs behind it."""

    takes = frozenset([*USUAL, "dense_block", "light_squeezenet"])

    def open(self, case: Case, settings: RunSettings) -> Entry:
        """Return the phase at the targets."""
        region = find_region(case, settings)
        whole = WholeRegion(region, behind_region(region, settings), settings)
        return entry_of(case.stage.model, case.targets, whole)
