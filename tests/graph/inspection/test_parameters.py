"""Tests the number of parameters of a node, wherever the weights come from."""

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

import onnxfi
from onnxfi.graph.dependencies import suffix_shares
from onnxfi.graph.inspection.closed_nodes import nodes_with_bodies
from onnxfi.graph.inspection.parameters import count_parameters
from tests.support.small_graphs import model, node, value, weights

W, B = weights(4, 5), weights(5, seed=1)
INPUTS, OUTPUTS = [value("x", ["N", 4])], [value("y", None)]
GEMM = node("Gemm", "x w b", "y")


def constant(name: str, array: np.ndarray) -> onnx.NodeProto:
    return node("Constant", "", name, value=numpy_helper.from_array(array))


def of_constants() -> onnx.ModelProto:
    return model([constant("w", W), constant("b", B), GEMM], INPUTS, OUTPUTS)


def through_transpose() -> onnx.ModelProto:
    moved = [node("Transpose", "stored", "wt"), node("Identity", "wt", "w")]
    return model([*moved, GEMM], INPUTS, OUTPUTS, {"stored": np.ascontiguousarray(W.T), "b": B})


def through_reshape() -> onnx.ModelProto:
    shape = {"stored": W.reshape(-1), "to": np.array([4, 5], np.int64), "b": B}
    return model([node("Reshape", "stored to", "w"), GEMM], INPUTS, OUTPUTS, shape)


def dequantised() -> onnx.ModelProto:
    stored: dict[str, np.ndarray] = {
        "q": np.ones((4, 5), np.int8),
        "scale": np.full(5, 0.1, np.float32),
        "zero": np.zeros(5, np.int8),
        "b": B,
    }
    nodes = [node("DequantizeLinear", "q scale zero", "w", axis=1), GEMM]
    return model(nodes, INPUTS, OUTPUTS, stored)


@pytest.mark.parametrize(
    "make",
    [of_constants, through_transpose, through_reshape, dequantised],
    ids=lambda x: x.__name__,
)
def test_parameters_of_a_gemm(make: onnx.ModelProto) -> None:
    loaded = onnxfi.load(make())  # type: ignore[operator]
    assert count_parameters(loaded.values["y"], loaded.constants) == 25
    assert count_parameters(loaded.values["w"], loaded.constants) == 20
    # What computes constants is no part of the network.
    assert suffix_shares(loaded.graph, loaded.constants)[loaded.values["x"]] == 1
    assert onnxfi.split(loaded, "x").suffix_share == 1
    assert onnxfi.split(loaded, "w").suffix_share == 1


def test_shapes_are_no_parameters() -> None:
    proto = model(
        [node("Reshape", "x to", "a"), node("Resize", "a - scales", "y", mode="nearest")],
        INPUTS,
        OUTPUTS,
        {"to": np.array([-1, 2], np.int64), "scales": np.array([1, 2], np.float32)},
    )
    loaded = onnxfi.load(proto)
    assert count_parameters(loaded.values["a"], loaded.constants) == 0
    assert count_parameters(loaded.values["y"], loaded.constants) == 0


def test_parameters_in_a_body_count_for_its_node() -> None:
    then = onnx.helper.make_graph([node("Mul", "x w", "t")], "then", [], [value("t", None)])
    other = onnx.helper.make_graph(
        [constant("c", B), node("Neg", "x", "n"), node("Abs", "n", "e")],
        "e",
        [],
        [value("e", None)],
    )
    proto = model(
        [
            node("ReduceMax", "x", "peak", keepdims=0),
            node("Greater", "peak half", "is_loud"),
            node("If", "is_loud", "y", then_branch=then, else_branch=other),
        ],
        [value("x", [5])],
        OUTPUTS,
        {"w": weights(5), "half": np.array(0.5, np.float32)},
    )
    loaded = onnxfi.load(proto)
    assert count_parameters(loaded.values["y"], loaded.constants) == 5
    (body,) = nodes_with_bodies(loaded.graph)
    assert (body.op_type, body.outputs, body.nodes) == ("If", ("y",), 4)
    assert "holds 4 nodes" in str(body)
