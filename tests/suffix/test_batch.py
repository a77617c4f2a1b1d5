"""A batch shows the same patches by lane and by tensor."""

import numpy as np
import pytest

from onnxfi.suffix import Batch, GoldenTensors, LaneResult, Patches
from onnxfi.suffix.batch import Advanced
from onnxfi.suffix.patches import LanePatch

SHAPE = (2, 3)


def golden(seed: int) -> GoldenTensors:
    rng = np.random.default_rng(seed)
    return GoldenTensors({x: rng.standard_normal(SHAPE).astype(np.float32) for x in "ab"})


def batch(lanes: int = 4) -> Batch:
    """Lane n has n + 1 patched elements of a, and lane 1 has one of b."""
    sites = [(lane, site) for lane in range(lanes) for site in range(lane + 1)]
    keys = np.array([lane * 6 + site for lane, site in sites])
    patches = {"a": Patches(keys, np.arange(keys.size, dtype=np.float32))}
    if lanes > 1:
        patches["b"] = Patches(np.array([6 + 5]), np.array([9.0], np.float32))
    both = [golden(0), golden(1)]
    return Batch(range(10, 10 + lanes), [both[x % 2] for x in range(lanes)], by_tensor=patches)


def patches_of(some: Batch) -> list[dict[str, tuple[list[int], list[float]]]]:
    return [
        {x: (np.asarray(y.place).tolist(), y.values.tolist()) for x, y in of_lane.items()}
        for of_lane in some.by_lane
    ]


def test_both_views_are_the_same() -> None:
    one = batch()
    again = Batch(one.lanes, one.goldens, by_lane=one.by_lane)
    for name, patches in one.by_tensor.items():
        assert again.by_tensor[name].keys.tolist() == patches.keys.tolist()
        assert again.by_tensor[name].values.tolist() == patches.values.tolist()
    assert {x: y.tolist() for x, y in one.sites().items()} == {
        "a": [1, 2, 3, 4],
        "b": [0, 1, 0, 0],
    }


def test_values_have_the_patches() -> None:
    values = batch().values(1)
    expected = golden(1).values["a"].copy()
    expected.flat[:2] = 1, 2
    assert values["a"].tobytes() == expected.tobytes()
    assert values["b"].flat[5] == 9


@pytest.mark.parametrize("chosen", [[0], [1, 3], [2, 0], [0, 1, 2, 3]])
def test_selected_lanes_keep_their_patches(chosen: list[int]) -> None:
    one = batch()
    some = one.select(chosen)
    assert list(some.lanes) == [10 + x for x in chosen]
    assert patches_of(some) == [patches_of(one)[x] for x in chosen]
    assert [id(x) for x in some.goldens] == [id(one.goldens[x]) for x in chosen]


def test_division_loses_no_lane() -> None:
    one = batch()
    for bits in range(16):
        wanted = np.array([bool(bits >> n & 1) for n in range(4)])
        parts = [x for x in one.divide(wanted) if x is not None]
        assert sorted(lane for x in parts for lane in x.lanes) == [10, 11, 12, 13]
        assert (one.divide(wanted)[0] is None) == (not wanted.any())


def test_joined_batches_follow_one_another() -> None:
    one, two = (
        batch(2),
        Batch([7], [golden(2)], by_lane=[{"b": LanePatch(np.array([1]), np.ones(1))}]),
    )
    joined = Batch.joined([one, two])
    assert list(joined.lanes) == [10, 11, 7]
    assert patches_of(joined) == patches_of(one) + patches_of(two)
    assert joined.by_tensor["b"].keys.tolist() == [6 + 5, 12 + 1]


def test_outputs_of_earlier_phases_are_kept() -> None:
    one, output = batch(2), np.ones(1)
    later = one.onward([1], by_lane=[{}], made={11: {"y": output}})
    again = later.onward([0], by_lane=[{}], made={11: {"z": output}})
    done = again.finish({11: LaneResult({"w": output})})
    assert set(done[11].outputs or {}) == {"y", "z", "w"}
    masked = again.finish({11: LaneResult({}, "a")})[11]
    assert masked.masked_at is None  # its outputs differ already
    assert again.finish({11: LaneResult(None)})[11].outputs is None
    assert again.densely().dense
    assert not again.dense


def test_every_lane_leaves_a_phase_once() -> None:
    one = batch(2)
    first, second = one.select([0]), one.select([1])
    Advanced({10: LaneResult({})}, second).checked(one)
    Advanced({}, first, second).checked(one)
    for lost in (
        Advanced({10: LaneResult({})}),
        Advanced({}, one, first),
        Advanced({}, first, first),
    ):
        with pytest.raises(AssertionError, match="A phase must return"):
            lost.checked(one)
