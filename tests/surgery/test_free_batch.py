"""Models made for one sample run on several, or say which node keeps them from it."""

import numpy as np
import onnx
import pytest
from onnx import helper
from onnx.reference import ReferenceEvaluator

import onnxfi
from onnxfi.errors import ModelFormatError
from onnxfi.runtime import Session
from onnxfi.surgery.free_batch import with_free_batch
from tests.support.small_graphs import BOOL, model, node, value


def reshaping(*shape: int, **attributes: int) -> onnx.ModelProto:
    """Make Transpose, Reshape to a constant shape, and one more node; one sample of 2x3 in."""
    return model(
        [
            node("Transpose", "x", "t", perm=[0, 2, 1]),
            node("Reshape", "t shape", "r", **attributes),
            node("Relu", "r", "y"),
        ],
        [value("x", [1, 2, 3])],
        [value("y", [None] * len(shape))],
        {"shape": np.array(shape, np.int64)},
    )


@pytest.mark.parametrize("allowzero", [0, 1])  # PyTorch sets it in all it exports
@pytest.mark.parametrize("shape", [(1, 6), (-1, 6), (1, -1), (-1, 2, 3)])
def test_lanes_are_computed_as_one_by_one(shape: tuple[int, ...], allowzero: int) -> None:
    proto = reshaping(*shape, allowzero=allowzero)
    freed = with_free_batch(onnxfi.load(proto))
    x = np.random.default_rng(0).standard_normal((5, 2, 3)).astype(np.float32)
    together = Session(freed).run({"x": x})["y"]
    reference = ReferenceEvaluator(proto)
    alone = [np.asarray(*reference.run(None, {"x": x[i : i + 1]})) for i in range(5)]
    np.testing.assert_array_equal(together, np.concatenate(alone))


def test_the_node_that_loses_the_batch_is_named() -> None:
    with pytest.raises(ModelFormatError, match="The Reshape 'node_r' merges the samples"):
        with_free_batch(onnxfi.load(reshaping(3, 2)))
    then, otherwise = (
        helper.make_graph([node(op, "a", "z")], op, [], [value("z", ["N", 3])])
        for op in ("Neg", "Exp")
    )
    proto = model(
        [
            node("Relu", "x", "a"),
            node("If", "flag", "y", then_branch=then, else_branch=otherwise),
        ],
        [value("x", ["N", 3]), value("flag", [], BOOL)],
        [value("y", ["N", 3])],
    )
    with pytest.raises(ModelFormatError, match="The If 'node_y' has a body"):
        with_free_batch(onnxfi.load(proto))
