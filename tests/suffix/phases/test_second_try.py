"""Tests that a refused execution is repeated without graph optimizations."""

import numpy as np
import onnx
import pytest

import onnxfi
from onnxfi.errors import InputError
from onnxfi.runtime import Session
from onnxfi.runtime.limits import Limits
from tests.support.small_graphs import INT64, model, node, value, weights
from tests.support.written import Written

INPUTS = {"x": weights(1, 4, seed=2), "reps": np.array([1, 1])}


def sliced() -> onnx.ModelProto:
    """Two Slices that ONNX Runtime turns into a Split, for the shape that is declared."""
    proto = model(
        [
            node("Tile", "x reps", "t"),
            node("Slice", "t c0 c2 c1", "a"),
            node("Slice", "t c2 c4 c1", "b"),
            node("Mul", "a b", "y"),
        ],
        [value("x", [1, 4]), value("reps", [2], INT64)],
        [value("y", None)],
        {f"c{x}": np.array([x]) for x in (0, 1, 2, 4)},
    )
    proto.graph.value_info.append(value("t", [1, 4]))
    return proto


def repeated(times: int, axis: int) -> Written:
    return Written([axis], [times])


def oracle(reps: list[int]) -> np.ndarray:
    session = Session(onnxfi.load(sliced()), merge=False)
    return session.run({**INPUTS, "reps": np.array(reps)})["y"]


def test_onnx_runtime_still_merges_the_slices() -> None:
    """Otherwise nothing here tests anything."""
    with pytest.raises(InputError, match="Split"):
        Session(onnxfi.load(sliced())).run({**INPUTS, "reps": np.array([1, 2])})


@pytest.mark.parametrize("limits", [Limits(), None], ids=["limited", "plain"])
def test_the_outputs_of_the_second_try_count(limits: Limits | None) -> None:
    with onnxfi.Injector(onnxfi.load(sliced()), "reps", provider="cpu", limits=limits) as injector:
        golden = injector.golden(INPUTS)
        (masked,) = injector.inject(golden, repeated(3, axis=1))
        assert (masked.outcome, masked.due_reason) == ("masked", None)
        assert masked.outputs is golden.outputs
        (changed,) = injector.inject(golden, repeated(2, axis=0))
        assert changed.outcome == "sdc"
        np.testing.assert_array_equal(changed.outputs["y"], oracle([2, 1]))
        (refused,) = injector.inject(golden, repeated(-1, axis=1))
        assert (refused.outcome, refused.due_reason) == ("due", "refused")
        resumed = injector.resume(golden, np.array([1, 5]))
        assert resumed["y"].tobytes() == golden.outputs["y"].tobytes()
        with pytest.raises(InputError):
            injector.resume(golden, np.array([1, -1]))


@pytest.mark.thorough
def test_several_targets_are_tried_again_stage_by_stage() -> None:
    loaded = onnxfi.load(sliced())
    with onnxfi.Injector(loaded, ["reps", "a"], provider="cpu") as injector:
        golden = injector.golden(INPUTS)
        (injection,) = injector.inject(golden, [repeated(3, axis=1), Written([], [])])
        assert injection.outcome == "masked"
        assert injection.targets == ("reps", "a")
