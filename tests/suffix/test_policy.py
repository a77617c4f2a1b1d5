"""A policy may force one phase."""

from typing import get_args

import pytest

from onnxfi.suffix import Policy
from onnxfi.suffix.policy import PhaseName


@pytest.mark.parametrize("phase", get_args(PhaseName))
def test_a_forced_phase_is_used_whatever_it_costs(phase: PhaseName) -> None:
    policy = Policy.force(phase)
    for other in get_args(PhaseName):
        assert policy.allows(other) == (other == phase)
        assert policy.pays(other, measured=False) == (other == phase)
        assert policy.pays(other, measured=True) == (other == phase)


def test_without_force_what_is_measured_counts() -> None:
    for phase in get_args(PhaseName):
        assert Policy().allows(phase)
        assert Policy().pays(phase, measured=True)
        assert not Policy().pays(phase, measured=False)
