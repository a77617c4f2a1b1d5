"""Lanes patched by nodes at the head of the model: on CUDA only the provider differs."""

import numpy as np
import pytest

import onnxfi
from onnxfi.errors import ModelFormatError
from onnxfi.runtime import Session
from onnxfi.suffix.lanes.patched_session import PatchedSession
from onnxfi.surgery.free_batch import with_free_batch
from tests.support.small_graphs import SMALL_GRAPHS, model, node, random_inputs, value

SPECIAL = np.array([np.nan, -0.0, 0.0, np.inf, -np.inf, 1e-40, 3.4e38], np.float32)


def dense(
    golden: np.ndarray, indices: np.ndarray, values: np.ndarray, lanes: int
) -> list[np.ndarray]:
    batch = np.concatenate([golden] * lanes)
    batch.reshape(-1)[indices] = values
    return np.split(batch, lanes)


@pytest.mark.parametrize("graph", SMALL_GRAPHS)
@pytest.mark.parametrize("lanes", [1, 3])
def test_same_as_dense_lanes(graph: str, lanes: int) -> None:
    proto = SMALL_GRAPHS[graph]()
    loaded, feeds = onnxfi.load(proto), random_inputs(proto)
    try:
        freed = with_free_batch(loaded)
    except ModelFormatError:
        pytest.skip("its lanes mix")
    images = [
        x for x in loaded.graph.inputs if x.shape and x.dtype and x.dtype.numpy() == np.float32
    ]
    if not images or loaded.graph.opset_imports[""] < 13:
        pytest.skip("nothing to patch")
    name = images[0].name or ""
    rng = np.random.default_rng(lanes)
    patched, plain = (
        PatchedSession(freed, [name], provider="cpu", threads=1),
        Session(loaded, threads=1),
    )
    size = feeds[name].size
    for count in (0, 1, 5):
        indices = rng.choice(size * lanes, count, replace=False)
        values = rng.choice(SPECIAL, count)
        together = patched.run(feeds, {name: (indices, values)}, lanes=lanes)
        for lane, corrupted in enumerate(dense(feeds[name], indices, values, lanes)):
            for output, expected in plain.run({**feeds, name: corrupted}).items():
                got = together[output]
                if got.size != expected.size:  # it depends on an input
                    got = np.split(got, lanes)[lane]
                assert got.tobytes() == expected.tobytes()


def test_golden_may_change() -> None:
    proto = model([node("Relu", "x", "y")], [value("x", ["N", 3])], [value("y", ["N", 3])])
    session = PatchedSession(onnxfi.load(proto), ["x"], provider="cpu")
    for number in (1.0, 2.0):
        x = np.full((1, 3), number, np.float32)
        patch = {"x": (np.array([4]), np.array([9.0], np.float32))}
        expected = np.full((2, 3), number, np.float32)
        expected[1, 1] = 9
        np.testing.assert_array_equal(session.run({"x": x}, patch, lanes=2)["y"], expected)
        np.testing.assert_array_equal(session.run({"x": x})["y"], x)


def test_a_scalar_has_no_lanes() -> None:
    proto = model([node("Relu", "x", "y")], [value("x", [])], [value("y", [])])
    with pytest.raises(ModelFormatError, match="first axis"):
        PatchedSession(onnxfi.load(proto), ["x"], provider="cpu")
