"""Patches of several lanes are told apart by lane."""

import numpy as np

from onnxfi.suffix.patches import Patches


def test_each_lane_has_its_patch() -> None:
    patches = Patches(np.array([1, 2, 7]), np.array([5.0, 6.0, 7.0], np.float32))
    lanes = patches.lanes(4)
    assert {x: np.asarray(y.place).tolist() for x, y in lanes.items()} == {0: [1, 2], 1: [3]}
    assert {x: y.values.tolist() for x, y in lanes.items()} == {0: [5.0, 6.0], 1: [7.0]}


def test_no_lane_has_a_patch_if_nothing_is_patched() -> None:
    assert Patches(np.empty(0, np.int64), np.empty(0, np.float32)).lanes(4) == {}
