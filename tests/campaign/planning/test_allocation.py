"""Tests the allocation of faults to strata."""

import numpy as np
import pytest

from onnxfi.campaign.planning.allocation import allocate_faults


def test_shares_are_even_or_proportional() -> None:
    assert allocate_faults(7, [1, 1000], how="per_target", seed=0) == [4, 3]
    assert allocate_faults(1001, [1, 1000], how="proportional", seed=0) == [1, 1000]


def test_a_proportional_share_is_at_least_one() -> None:
    assert allocate_faults(5, [1, 1000], how="proportional", seed=0) == [1, 5]  # at least one each
    assert allocate_faults(4, [0, 0], how="proportional", seed=0) == [2, 2]


def test_uniform_allocation_is_that_of_drawing_from_all_bits() -> None:
    draws = np.array([allocate_faults(100, [1, 3], how="uniform", seed=s)[0] for s in range(400)])
    assert draws.mean() == pytest.approx(25, abs=4 * 4.33 / 20)
    assert draws.std() == pytest.approx(4.33, rel=0.2)  # sqrt(100 * 1/4 * 3/4)
