"""Lanes of a batch have the bits of single runs, as many as pay."""

from dataclasses import replace
from unittest import mock

import numpy as np
import onnx
import pytest

import onnxfi
from onnxfi.runtime import Session
from onnxfi.suffix import Policy, RunSettings
from onnxfi.suffix.lanes import Lanes
from onnxfi.suffix.lanes.host import HostLaneSession
from onnxfi.suffix.patches import LanePatch
from onnxfi.suffix.trial import Stopwatch, same_bits
from tests.support.small_graphs import model, node, value

AT_ONCE = Policy(runs_before_lanes=0, runs_before_long_lanes=0)
SETTINGS = RunSettings(threads=1, policy=AT_ONCE)


def network() -> onnx.ModelProto:
    """Return a network of which no sample meets another."""
    return model(
        [node("Relu", "x", "r"), node("Add", "r other", "y")],
        [value("x", ["N", 3]), value("other", ["N", 3])],
        [value("y", ["N", 3])],
    )


def golden(number: float) -> dict[str, np.ndarray]:
    return {
        "x": np.full((1, 3), number, np.float32),
        "other": np.arange(3, dtype=np.float32)[None],
    }


def patch(place: int, number: float) -> dict[str, LanePatch]:
    return {"x": LanePatch(np.array([place]), np.array([number], np.float32))}


def check(lanes: Lanes, loaded: onnxfi.Model, goldens: list[dict[str, np.ndarray]]) -> None:
    """Compare lanes with single runs."""
    patches = [patch(n % 3, n - 2.5) if n % 4 else {} for n in range(len(goldens))]
    session = Session(loaded, threads=1)
    made = list(lanes.run(goldens, patches))
    assert len(made) == len(goldens)
    for one, of_lane, got in zip(goldens, patches, made, strict=True):
        feeds = {**one, **{name: x.applied(one[name]) for name, x in of_lane.items()}}
        assert got is not None
        assert same_bits(got["y"], session.run(feeds)["y"])


@pytest.mark.parametrize("lanes", [1, 2, 5, 64])
@pytest.mark.parametrize("on_device", [False, True])
def test_lanes_of_several_golden_runs(lanes: int, on_device: bool) -> None:
    loaded = onnxfi.load(network())
    opened = Lanes(loaded, ["x"], replace(SETTINGS, lanes=lanes), on_device=on_device)
    first, second = golden(1), golden(-7)
    check(opened, loaded, [*[first] * 7, second, *[first] * 3, *[second] * 6])
    assert opened.count == lanes
    np.testing.assert_array_equal(first["x"], golden(1)["x"])  # patches are undone


def test_lanes_are_tried_after_some_runs() -> None:
    loaded = onnxfi.load(network())
    opened = Lanes(loaded, ["x"], replace(SETTINGS, policy=Policy(runs_before_lanes=5)))
    with mock.patch.object(Stopwatch, "fastest", side_effect=[1e-4, 1e-4]):  # single, batch
        check(opened, loaded, [golden(2)] * 5)
        assert opened.count is None
        check(opened, loaded, [golden(2)] * 200)
    assert opened.count == AT_ONCE.most_lanes


def test_a_batch_that_is_slower_is_not_used() -> None:
    opened = Lanes(onnxfi.load(network()), ["x"], SETTINGS)
    with mock.patch.object(Stopwatch, "fastest", side_effect=[1e-4, 1.0]):
        decision = opened.decide(golden(2))
    assert decision.lanes == opened.count == 1
    assert "took 1e+03 ms" in (decision.reason or "")


@pytest.mark.parametrize(
    ("seconds", "lanes"),
    [(1e-4, AT_ONCE.most_lanes), (5e-3, AT_ONCE.medium_lanes), (1.0, AT_ONCE.few_lanes)],
)
def test_long_runs_use_few_lanes(seconds: float, lanes: int) -> None:
    opened = Lanes(onnxfi.load(network()), ["x"], SETTINGS)
    with mock.patch.object(Stopwatch, "fastest", side_effect=[seconds, 0.0]):
        assert opened.decide(golden(2)).lanes == lanes


def test_samples_that_meet_have_no_lanes() -> None:
    proto = model(
        [node("ReduceMean", "x", "m", keepdims=1), node("Sub", "x m", "y")],
        [value("x", ["N", 3])],
        [value("y", ["N", 3])],
    )
    decision = Lanes(onnxfi.load(proto), ["x"], SETTINGS).decide(golden(1))
    assert decision.lanes == 1
    assert decision.reason


def test_inputs_of_different_lengths_have_no_lanes() -> None:
    proto = model(
        [node("MatMul", "x w", "y")],
        [value("x", ["N", 3]), value("w", [3, 2])],
        [value("y", ["N", 2])],
    )
    loaded = onnxfi.load(proto)
    feeds = {"x": np.ones((1, 3), np.float32), "w": np.ones((3, 2), np.float32)}
    reason = Lanes(loaded, ["x"], SETTINGS).decide(feeds).reason
    assert reason == "The first axes differ in length: 1 in 'x', 3 in 'w'."
    shared = Lanes(loaded, (), replace(SETTINGS, lanes=4), shared=["w"])
    made = list(shared.run([feeds] * 4, [{}] * 4))
    assert [x["y"].tolist() for x in made if x] == [[[3.0, 3.0]]] * 4


def test_only_the_lane_that_fails_has_no_outputs() -> None:
    """An index of one lane lies outside the table."""
    table = np.arange(6, dtype=np.float32).reshape(3, 2)
    proto = model(
        [node("Gather", "table x", "y")],
        [value("x", ["N"], onnx.TensorProto.INT64)],
        [value("y", ["N", 2])],
        {"table": table},
    )
    feeds = {"x": np.zeros(1, np.int64)}
    opened = Lanes(onnxfi.load(proto), ["x"], replace(SETTINGS, lanes=4))
    indices = [1, 2, 99, 0, 1]
    patches = [{"x": LanePatch(np.array([0]), np.array([x]))} for x in indices]
    with mock.patch.object(
        HostLaneSession, "run_patched", autospec=True, side_effect=HostLaneSession.run_patched
    ) as run:
        made = list(opened.run([feeds] * 5, patches))
    assert opened.count == 4
    expected = [[[2.0, 3.0]], [[4.0, 5.0]], None, [[0.0, 1.0]], [[2.0, 3.0]]]
    assert [None if x is None else x["y"].tolist() for x in made] == expected
    assert max(len(call.args[2]) for call in run.call_args_list) == 4
