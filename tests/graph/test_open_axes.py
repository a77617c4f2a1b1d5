"""Axes that a model declares as -1 or 0 are open, as they are in ONNX Runtime."""

import numpy as np
import onnx
import pytest

import onnxfi
from onnxfi.errors import InputError
from tests.support.small_graphs import model, node, value, weights


def classifier(*axes: int | str) -> onnx.ModelProto:
    batch, width = axes
    return model(
        [
            node("Relu", "x", "h"),
            node("ReduceMean", "h", "mean", axes=[1], keepdims=0),
            node("MatMul", "mean w", "y"),
        ],
        [value("x", [batch, width, 4])],
        [value("y", [batch, 3])],
        {"w": weights(4, 3)},
    )


@pytest.mark.parametrize(
    "axes", [(-1, -1), (0, 0), ("N", -1), (-1, "T"), (0, "T"), (2, -1), ("?", "?")]
)
def test_any_size_fits(axes: tuple[int | str, int | str]) -> None:
    loaded = onnxfi.load(classifier(*axes))
    rng = np.random.default_rng(0)
    with onnxfi.Injector(loaded, "h", provider="cpu") as injector:
        for width in (5, 1):
            x = rng.standard_normal((2, width, 4)).astype(np.float32)
            golden = injector.golden({"x": x})
            np.testing.assert_array_equal(golden.target, np.maximum(x, 0))
            assert golden.outputs["y"].shape == (2, 3)


def test_the_rank_and_the_other_axes_still_count() -> None:
    loaded = onnxfi.load(classifier(-1, 0))
    with onnxfi.Injector(loaded, "h", provider="cpu") as injector:
        for shape in ((2, 4), (2, 5, 3)):
            with pytest.raises(InputError, match=r"'x' must have the shape \(\?, \?, 4\)"):
                injector.golden({"x": np.zeros(shape, np.float32)})


def test_targets_have_no_size_there() -> None:
    loaded = onnxfi.load(classifier(-1, 0))
    for name, sizes in (("x", [4]), ("h", [4]), ("y", [3])):
        assert [x for x in loaded.target(name).shape or () if isinstance(x, int)] == sizes


def test_an_axis_that_is_empty_indeed_stays_so() -> None:
    proto = model(
        [node("Slice", "x from to", "nothing"), node("Concat", "nothing x", "y", axis=0)],
        [value("x", [3, 2])],
        [value("y", [3, 2])],
        {"from": np.array([0]), "to": np.array([0])},
    )
    assert onnxfi.load(proto).target("nothing").shape == (0, 2)
