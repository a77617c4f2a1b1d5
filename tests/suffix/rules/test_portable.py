"""Operators that round nothing are pushed through on every provider."""

import numpy as np
import pytest

import onnxfi
from onnxfi.error_models import Corruption
from onnxfi.runtime import Session
from onnxfi.suffix import RunSettings
from onnxfi.suffix.lanes.device import DeviceLaneSession
from onnxfi.suffix.lanes.lane_session import Workspace
from onnxfi.suffix.patches import LanePatch
from onnxfi.suffix.phases.region import find_push_region
from tests.support.rule_checks import of_nodes, push
from tests.support.small_graphs import node


def portable() -> onnxfi.Model:
    """A Relu, a Transpose and a MaxPool, and then a Sigmoid, which rounds."""
    nodes = [
        node("Relu", "x", "r"),
        node("Transpose", "r", "t", perm=[0, 1, 3, 2]),
        node("MaxPool", "t", "p", kernel_shape=[2, 2], strides=[2, 2]),
        node("Sigmoid", "p", "y"),
    ]
    return onnxfi.load(of_nodes(nodes, (1, 2, 4, 6), made={"p": np.float32, "y": np.float32}))


@pytest.mark.parametrize(("provider", "last"), [("cpu", "y"), ("cuda", "p")])
def test_the_region_ends_where_a_provider_may_round(provider: str, last: str) -> None:
    (stage,) = onnxfi.split(portable(), "x").stages
    region = find_push_region(stage, provider="cuda" if provider == "cuda" else "cpu")
    assert region.nodes[-1].output == last


def test_pushing_equals_the_nodes_that_patch_on_a_device() -> None:
    (stage,) = onnxfi.split(portable(), "x").stages
    region = find_push_region(stage, provider="cuda")
    rng = np.random.default_rng(0)
    x = rng.normal(0, 1, (1, 2, 4, 6)).astype(np.float32)
    golden = {"x": x, **Session(region.model, threads=1).run({"x": x})}
    corruptions = [
        Corruption(
            np.sort(rng.choice(48, 3, replace=False)), rng.normal(0, 2, 3).astype(np.float32)
        )
        for _ in range(20)
    ]
    advanced = push(region, corruptions, golden)
    assert advanced.refused is None
    device = DeviceLaneSession(region.model, ["x"], RunSettings(threads=1))
    for lane, corruption in enumerate(corruptions):
        patch = {"x": LanePatch(corruption.indices, corruption.values)}
        expected = device.run_patched([golden], [patch], Workspace())["p"]
        outputs = advanced.done[lane].outputs if lane in advanced.done else None
        if outputs is None:  # it goes on to the Sigmoid
            outputs = {"p": golden["p"]} if advanced.left is None else advanced.left.made[lane]
        assert outputs.get("p", golden["p"]).tobytes() == expected.tobytes()


@pytest.mark.parametrize("number", [np.nan, -0.0])
def test_what_kernels_treat_in_different_ways_is_refused(number: float) -> None:
    (stage,) = onnxfi.split(portable(), "x").stages
    region = find_push_region(stage, provider="cuda")
    x = np.ones((1, 2, 4, 6), np.float32)
    golden = {"x": x, **Session(region.model, threads=1).run({"x": x})}
    values = np.array([number], np.float32)
    advanced = push(region, [Corruption(np.array([0]), values)], golden)
    assert advanced.refused is not None
    assert list(advanced.refused.lanes) == [0]
