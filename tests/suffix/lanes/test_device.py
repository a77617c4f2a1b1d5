"""Lanes patched by nodes at the head of the model: on CUDA only the provider differs."""

from collections.abc import Mapping

import numpy as np
import pytest

import onnxfi
from onnxfi.errors import ModelFormatError
from onnxfi.runtime import Session
from onnxfi.suffix import RunSettings
from onnxfi.suffix.lanes.device import DeviceLaneSession
from onnxfi.suffix.lanes.lane_session import Workspace
from onnxfi.suffix.patches import LanePatch
from onnxfi.surgery.free_batch import with_free_batch
from tests.support.small_graphs import SMALL_GRAPHS, model, node, random_inputs, value

SETTINGS = RunSettings(threads=1)
#: Graphs whose samples do not meet, with an input of float32.
WITH_LANES = ("chain", "constants", "dead_end", "inputs_and_outputs", "several_outputs", "skips")
SPECIAL = np.array([np.nan, -0.0, 0.0, np.inf, -np.inf, 1e-40, 3.4e38], np.float32)


def run_patched(
    session: DeviceLaneSession,
    golden: Mapping[str, np.ndarray],
    patches: list[dict[str, LanePatch]],
) -> dict[str, np.ndarray]:
    return session.run_patched([golden] * len(patches), patches, Workspace())


@pytest.mark.parametrize("graph", WITH_LANES)
@pytest.mark.parametrize("lanes", [1, 3])
def test_same_as_dense_lanes(graph: str, lanes: int) -> None:
    proto = SMALL_GRAPHS[graph]()
    loaded, feeds = onnxfi.load(proto), random_inputs(proto)
    freed = with_free_batch(loaded)
    images = [
        x for x in loaded.graph.inputs if x.shape and x.dtype and x.dtype.numpy() == np.float32
    ]
    name = images[0].name or ""
    rng = np.random.default_rng(lanes)
    patched, plain = DeviceLaneSession(freed, [name], SETTINGS), Session(loaded, threads=1)
    for count in (0, 1, 5):
        patches = [
            LanePatch(rng.choice(feeds[name].size, count, False), rng.choice(SPECIAL, count))
            for _ in range(lanes)
        ]
        together = run_patched(patched, feeds, [{name: x} for x in patches])
        for lane, patch in enumerate(patches):
            corrupted = patch.applied(feeds[name])
            for output, expected in plain.run({**feeds, name: corrupted}).items():
                got = together[output]
                if got.size != expected.size:  # it depends on an input
                    got = np.split(got, lanes)[lane]
                assert got.tobytes() == expected.tobytes()


def test_golden_may_change() -> None:
    proto = model([node("Relu", "x", "y")], [value("x", ["N", 3])], [value("y", ["N", 3])])
    session = DeviceLaneSession(onnxfi.load(proto), ["x"], SETTINGS)
    for number in (1.0, 2.0):
        x = np.full((1, 3), number, np.float32)
        patches = [{}, {"x": LanePatch(np.array([1]), np.array([9.0], np.float32))}]
        expected = np.full((2, 3), number, np.float32)
        expected[1, 1] = 9
        np.testing.assert_array_equal(run_patched(session, {"x": x}, patches)["y"], expected)
        np.testing.assert_array_equal(session.run({"x": x})["y"], x)


def test_a_scalar_has_no_lanes() -> None:
    proto = model([node("Relu", "x", "y")], [value("x", [])], [value("y", [])])
    with pytest.raises(ModelFormatError, match="first axis"):
        DeviceLaneSession(onnxfi.load(proto), ["x"], SETTINGS)


def test_whole_tensors_beside_single_elements() -> None:
    (stage,) = onnxfi.split(onnxfi.load(SMALL_GRAPHS["skips"]()), "cat").stages
    session = DeviceLaneSession(stage.model, ["cat"], SETTINGS)
    rng = np.random.default_rng(0)
    golden, other = (rng.standard_normal((1, 10, 6, 6)).astype(np.float32) for _ in range(2))
    patches = [
        {"cat": LanePatch(np.array([3]), np.array([9.0], np.float32))},
        {"cat": LanePatch((slice(None),) * 4, other)},
        {},
    ]
    made = run_patched(session, {"cat": golden}, patches)
    corrupted = [patches[0]["cat"].applied(golden), other, golden]
    for name, batch in made.items():
        for lane, array in enumerate(corrupted):
            expected = session.run({"cat": array})[name]
            assert batch[lane : lane + 1].tobytes() == expected.tobytes()
