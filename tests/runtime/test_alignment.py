"""Tests that the place of a user's array in memory changes no bit."""

import numpy as np
import pytest

import onnxfi
from onnxfi.runtime.alignment import aligned
from tests.support.small_graphs import model, node, value


@pytest.mark.parametrize("target", ["x", "s"])
def test_outputs_do_not_depend_on_the_address_of_an_input(target: str) -> None:
    nodes = [node("ReduceSum", "x axes", "s"), node("Neg", "s", "y")]
    proto = model(
        nodes, [value("x", [1, 37])], [value("y", None)], {"axes": np.array([1], np.int64)}
    )
    rng = np.random.default_rng(0)
    x = (rng.normal(0, 1, (1, 37)) * np.exp(rng.normal(0, 2, (1, 37)))).astype(np.float32)
    found = set()
    with onnxfi.Injector(onnxfi.load(proto), target, provider="cpu", threads=1) as injector:
        for start in range(8):
            part = np.empty(64, np.float32)[start : start + 37].reshape(1, 37)
            part[...] = x
            golden = injector.golden({"x": part})
            found.add(golden.outputs["y"].tobytes())
            if target == "x":
                found.add(injector.resume(golden, part)["y"].tobytes())
    assert len(found) == 1


def test_arrays_are_copied_where_they_must_be() -> None:
    whole = np.arange(64, dtype=np.float32)
    copies = [aligned(whole[start:]) for start in range(8)]
    assert all(x.ctypes.data % 16 == 0 for x in copies)
    assert all(np.array_equal(x, whole[start:]) for start, x in enumerate(copies))
    assert aligned(copies[1]) is copies[1]
