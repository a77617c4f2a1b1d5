"""Windows, and then dense runs, give the bits of dense runs."""

from unittest import mock

import numpy as np
import pytest

from onnxfi.suffix import Batch, Experience, Policy, RunSettings
from onnxfi.suffix.patches import LanePatch
from onnxfi.suffix.phases.dense import Dense
from onnxfi.suffix.phases.phase import Entry
from onnxfi.suffix.phases.windows import Windows
from onnxfi.suffix.windows.trial import WindowTrial
from tests.support.phase_cases import WINDOWS, Case, find_cases
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


@pytest.mark.parametrize("paid", [True, False])
def test_windows_that_paid_at_another_target_begin_at_once(paid: bool) -> None:
    """Without force; the time of windows is not measured again."""
    experience = Experience()
    experience.window_work = 0.9 if paid else None
    settings = RunSettings(threads=1, experience=experience)
    (case,) = find_cases("light_squeezenet")
    windows = TestWindows().open(case, settings).phases[0]
    golden, (tensor,) = case.goldens[0], case.rest.tensors
    place = LanePatch(np.array([5]), np.array([7], np.float32))
    batch = Batch([0], [golden], by_lane=[{tensor: place}])
    assert windows.lanes_to_watch == (0 if paid else settings.policy.runs_before_windows)
    with mock.patch.object(WindowTrial, "largest_work") as measured:
        assert windows.wanted(batch).tolist() == [paid]
    assert not measured.called
    assert windows.lanes_to_watch == (0 if paid else settings.policy.runs_before_windows - 1)
    if paid:
        run = windows.run(batch).checked(batch)
        assert run.refused is None
        assert experience.window_work == 0.9
