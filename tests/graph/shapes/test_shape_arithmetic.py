"""Tests that tensors that only compute shapes are found."""

import numpy as np
import onnx
import pytest

import onnxfi
from tests.support.small_graphs import BOOL, FLOAT, INT64, integers, model, node, value, weights

TABLE = {"table": weights(9, 4), "one": np.array(1, np.int64), "zero": np.array(0, np.int64)}


def upsampling() -> onnx.ModelProto:
    """A Resize whose sizes are computed with floats, as torch.onnx exports interpolate."""
    return model(
        [
            node("Shape", "x", "shape"),
            node("Slice", "shape two four", "spatial"),
            node("Cast", "spatial", "floats", to=FLOAT),
            node("Mul", "floats factor", "larger"),
            node("Floor", "larger", "whole"),
            node("Cast", "whole", "sizes", to=INT64),
            node("Slice", "shape nought two", "outer"),
            node("Concat", "outer sizes", "all_sizes", axis=0),
            node("Resize", "x - - all_sizes", "y", mode="nearest"),
        ],
        [value("x", [1, 2, "H", "W"])],
        [value("y", None)],
        {
            "two": np.array([2], np.int64),
            "four": np.array([4], np.int64),
            "nought": np.array([0], np.int64),
            "factor": np.array([1.5, 1.5], np.float32),
        },
    )


def embedding() -> onnx.ModelProto:
    """Position ids from a shape are indices into data; the length that they come from is none."""
    return model(
        [
            node("Shape", "ids", "shape"),
            node("Gather", "shape one", "length"),
            node("Range", "zero length one", "positions"),
            node("Gather", "table positions", "by_position"),
            node("Cast", "ids", "tokens", to=INT64),
            node("Gather", "table tokens", "by_token"),
            node("Add", "by_token by_position", "y"),
        ],
        [value("ids", [1, "T"], onnx.TensorProto.INT32)],
        [value("y", None)],
        TABLE,
    )


def repeats_from_data() -> onnx.ModelProto:
    """Durations are data; the counts made from them give a shape. A mask is data."""
    return model(
        [
            node("Exp", "x", "durations"),
            node("ReduceMax", "durations", "longest", keepdims=0),
            node("Cast", "longest", "count", to=INT64),
            node("Range", "zero count one", "steps"),
            node("Less", "steps count", "mask"),
            node("Cast", "mask", "y", to=FLOAT),
        ],
        [value("x", [3])],
        [value("y", None)],
        TABLE,
    )


def quantised() -> onnx.ModelProto:
    """int8 tensors that the network computes with."""
    return model(
        [
            node("QuantizeLinear", "x scale", "q"),
            node("Reshape", "q to", "flat"),
            node("DequantizeLinear", "flat scale", "y"),
        ],
        [value("x", [2, 3])],
        [value("y", None)],
        {"scale": np.array(0.1, np.float32), "to": np.array([6], np.int64)},
    )


def decisions() -> onnx.ModelProto:
    """Conditions: one of a shape, one of data."""

    def branch(name: str, op: str) -> onnx.GraphProto:
        return onnx.helper.make_graph([node(op, "x", name)], name, [], [value(name, [3])])

    branches = [
        {"then_branch": branch(f"t{i}", "Relu"), "else_branch": branch(f"e{i}", "Neg")}
        for i in range(2)
    ]
    return model(
        [
            node("Size", "x", "size"),
            node("Greater", "size one", "is_large"),
            node("If", "is_large", "a", **branches[0]),
            node("ReduceMax", "x", "peak", keepdims=0),
            node("Greater", "peak half", "is_loud"),
            node("If", "is_loud", "b", **branches[1]),
            node("Add", "a b", "y"),
        ],
        [value("x", [3])],
        [value("y", [3])],
        {"half": np.array(0.5, np.float32), "one": np.array(1, np.int64)},
    )


def shape_as_output() -> onnx.ModelProto:
    return model(
        [node("Shape", "x", "shape"), node("Reshape", "x shape", "y")],
        [value("x", ["N", 2])],
        [value("y", None), value("shape", [2], INT64)],
    )


def captured() -> onnx.ModelProto:
    """What a body captures counts as data."""
    body = onnx.helper.make_graph(
        [node("Identity", "go", "go_on"), node("Reshape", "state shape", "next")],
        "body",
        [value("i", [], INT64), value("go", [], BOOL), value("state", None)],
        [value("go_on", [], BOOL), value("next", None)],
    )
    return model(
        [node("Shape", "x", "shape"), node("Loop", "one - x", "y", body=body)],
        [value("x", ["N", 2])],
        [value("y", None)],
        {"one": np.array(1, np.int64)},
    )


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (
            upsampling,
            {"shape", "spatial", "floats", "larger", "whole", "sizes", "outer", "all_sizes"},
        ),
        (embedding, {"shape", "length"}),
        (repeats_from_data, set()),
        (quantised, set()),
        (decisions, {"size", "is_large"}),
        (shape_as_output, set()),
        (captured, set()),
        (integers, {"shape"}),
    ],
)
def test_shape_arithmetic(make: onnx.ModelProto, expected: set[str]) -> None:
    assert onnxfi.load(make()).shape_tensors == expected  # type: ignore[operator]


def test_counts_that_only_give_a_length_are_left_out() -> None:
    proto = repeats_from_data()
    del proto.graph.node[4]  # the mask, which read the count
    proto.graph.node[4].input[0] = "steps"
    assert onnxfi.load(proto).shape_tensors == {"count"}
