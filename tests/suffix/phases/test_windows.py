"""Windows, and then dense runs, give the bits of dense runs."""

from onnxfi.suffix import Policy, RunSettings
from onnxfi.suffix.phases.dense import Dense
from onnxfi.suffix.phases.phase import Entry
from onnxfi.suffix.phases.windows import Windows
from tests.support.phase_cases import WINDOWS, Case
from tests.support.phase_contract import (
    MANY,
    USUAL,
    PhaseContract,
    entry_of,
    graphs,
    opening_dense_entries,
)

IMAGES = (*WINDOWS, "light_squeezenet")


@graphs(*USUAL, "random_124", *IMAGES, nightly=MANY)
class TestWindows(PhaseContract):
    """Windows, with dense runs behind them."""

    policy = Policy.force("windows")
    # Rounding shows in the others, so the trial drops windows.
    takes = frozenset(IMAGES) - {"windows_branches", "windows_quantised"}

    def open(self, case: Case, settings: RunSettings) -> Entry:
        """Return the phase at the targets."""
        rest = case.rest
        dense = Dense(rest.model, rest.tensors, settings)
        behind = opening_dense_entries(settings)
        windows = Windows(rest.model, rest.tensors, dense, behind, settings)
        return entry_of(rest.model, rest.tensors, windows, dense)
