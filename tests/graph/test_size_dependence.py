"""Tests that faults that reach trip counts, shapes and sizes are found."""

from collections.abc import Sequence

import numpy as np
import onnx
import pytest
from onnx import helper

import onnxfi
from onnxfi.graph.size_dependence import sizes_depend_on
from tests.support.small_graphs import BOOL, FLOAT, INT64, model, node, value, weights

_INTS = {"zero": np.array(0), "one": np.array(1), "axis": np.array([0]), "many": np.array([2, 2])}


def depends(
    nodes: Sequence[onnx.NodeProto], target: str = "x", dtype: int = FLOAT, rank: int = 2
) -> bool:
    shape: list[int | str] = [*"NM"][:rank]
    proto = model(
        [*nodes, node("Cast", "y", "out", to=FLOAT)],
        [value("x", shape, dtype), value("z", ["K", "L"])],
        [value("out", None)],
        _INTS,
    )
    loaded = onnxfi.load(proto)
    return sizes_depend_on(loaded, [target])


@pytest.mark.parametrize(
    ("sizing", "dtype", "rank"),
    [
        (node("Range", "zero x one", "y"), INT64, 0),
        (node("ConstantOfShape", "x", "y"), INT64, 1),
        (node("Expand", "z x", "y"), INT64, 1),
        (node("Tile", "z x", "y"), INT64, 1),
        (node("Reshape", "z x", "y"), INT64, 1),
        (node("Resize", "z - x", "y"), FLOAT, 1),
        (node("Resize", "z - - x", "y"), INT64, 1),
        (node("Pad", "z x", "y"), INT64, 1),
        (node("Slice", "z axis x", "y"), INT64, 1),
        (node("OneHot", "axis x many", "y"), INT64, 0),
        (node("TopK", "z x", "y i"), INT64, 1),
    ],
    ids=lambda x: getattr(x, "op_type", ""),
)
def test_operands_that_size_outputs(sizing: onnx.NodeProto, dtype: int, rank: int) -> None:
    assert depends([sizing], dtype=dtype, rank=rank)


def test_data_of_these_operators_sizes_nothing() -> None:
    assert not depends([node("Tile", "x many", "y")])
    assert not depends([node("Expand", "x many", "y")])


def test_a_shape_does_not_depend_on_the_values() -> None:
    chain = [node("Relu", "x", "r"), node("Shape", "r", "s"), node("Expand", "z s", "y")]
    assert not depends(chain)


def test_a_shape_may_depend_on_a_selection() -> None:
    chain = [
        node("NonZero", "x", "n"),
        node("Shape", "n", "s"),
        node("ConstantOfShape", "s", "y"),
    ]
    assert depends(chain)


def test_a_selection_alone_grows_nothing() -> None:
    assert not depends([node("NonZero", "x", "n"), node("Transpose", "n", "y")])
    assert not depends([node("NonZero", "x", "n"), node("Concat", "n n", "y", axis=0)])


def test_selections_broadcast_against_each_other_grow() -> None:
    chain = [
        node("NonZero", "x", "n"),
        node("Unsqueeze", "n axis", "u"),
        node("Mul", "u n", "y"),
    ]
    assert depends(chain)


def loop(condition: str = "go", inner: Sequence[onnx.NodeProto] = ()) -> onnx.NodeProto:
    """A Loop over ``count`` rounds that carries a value; ``condition`` is what it ends by."""
    body = helper.make_graph(
        [
            node("Identity", "go", "passed"),
            node("ReduceMax", "carried", "largest", keepdims=0),
            node("Less", "largest limit", "computed"),
            node("Add", "carried carried", "next"),
            *inner,
        ],
        "body",
        [value("i", [], INT64), value("go", [], BOOL), value("carried", None)],
        [value(condition, [], BOOL), value("next", None)],
        [onnx.numpy_helper.from_array(np.array(9, np.float32), "limit")],
    )
    return node("Loop", "count - start", "y", body=body)


def loop_depends(target: str, loop_node: onnx.NodeProto) -> bool:
    proto = model(
        [loop_node],
        [value("count", [], INT64), value("start", ["N"]), value("n", [], INT64)],
        [value("y", None)],
        {**_INTS, "w": weights(2)},
    )
    loaded = onnxfi.load(proto)
    return sizes_depend_on(loaded, [target])


def test_trip_counts() -> None:
    assert loop_depends("count", loop("passed"))
    assert not loop_depends("start", loop("passed"))
    assert not loop_depends("n", loop("passed"))


def test_a_condition_that_the_body_computes() -> None:
    assert loop_depends("start", loop("computed"))


def test_sizes_in_a_body() -> None:
    inner = [node("Range", "zero n one", "made")]
    assert loop_depends("n", loop("passed", inner))
    assert not loop_depends("n", loop("passed", [node("Range", "zero one one", "made")]))


def test_targets_beside_the_shapes_are_told_apart_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is followed through the graph from a target that no shape is computed from."""
    chain = [node("Relu", "x", "r"), node("Shape", "r", "s"), node("Expand", "z s", "y")]
    monkeypatch.setattr("onnxfi.graph.size_dependence.fault_reach", None)
    for target in ("x", "r", "z", "y"):
        assert not depends(chain, target)
