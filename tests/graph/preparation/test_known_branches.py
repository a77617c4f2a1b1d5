"""Ifs whose conditions are known are inlined, and the model computes what it did."""

from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import helper, numpy_helper

import onnxfi
from onnxfi.graph.inspection.closed_nodes import nodes_with_bodies
from onnxfi.graph.preparation.specialising import fold_conditions
from tests.support.small_graphs import BOOL, INT64, model, node, value, weights

RATE = np.array(16000, np.int64)


def graph(nodes: list[onnx.NodeProto], *outputs: str, **stored: np.ndarray) -> onnx.GraphProto:
    values = [value(x, None) for x in outputs]
    kept = [numpy_helper.from_array(x, name) for name, x in stored.items()]
    return helper.make_graph(nodes, "branch", [], values, kept)


def by_rate() -> onnx.ModelProto:
    """A network for each rate, as in voice activity detection; the names in both are the same."""
    inner = graph([node("Exp", "h", "t")], "t")
    other = graph([node("Neg", "h", "u")], "u")
    wide = graph(
        [
            node("MatMul", "a w", "h"),
            node("Less", "sr high", "nested"),
            node("If", "nested", "r", then_branch=inner, else_branch=other),
            node("Tanh", "r", "out"),
            node("Identity", "a", "cap"),
            node("Identity", "w", "kept"),
        ],
        *("out", "cap", "kept"),
        w=weights(3, 3),
    )
    narrow = graph(
        [
            node("MatMul", "a w8", "h"),
            node("Relu", "h", "out"),
            node("Identity", "a", "cap"),
            node("Identity", "w8", "kept"),
        ],
        *("out", "cap", "kept"),
        w8=weights(3, 3, seed=1),
    )
    return model(
        [
            node("Relu", "x", "a"),
            node("Equal", "sr low", "is_wide"),
            node("If", "is_wide", "y captured kernel", then_branch=wide, else_branch=narrow),
            node("Abs", "y", "t"),
            node("Add", "t captured", "z"),
        ],
        [value("x", ["N", 3]), value("sr", [], INT64)],
        [value(x, None) for x in ("y", "z", "kernel")],
        {"low": RATE, "high": np.array(48000, np.int64)},
    )


def of_constants(is_true: bool) -> onnx.ModelProto:
    proto = by_rate()
    del proto.graph.input[1]
    rate = RATE if is_true else RATE // 2
    proto.graph.initializer.append(numpy_helper.from_array(rate, "sr"))
    return proto


def run(proto: onnx.ModelProto, feeds: dict[str, Any]) -> list[np.ndarray]:
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(proto.SerializeToString(), options)
    outputs: list[np.ndarray] = session.run(None, feeds)
    return outputs


def check_outputs(loaded: onnxfi.Model, proto: onnx.ModelProto, feeds: dict[str, Any]) -> None:
    expected = run(proto, feeds)
    names = [x.name for x in proto.graph.output]
    assert [x.name for x in loaded.graph.outputs] == names
    for target in loaded.targets(kind="activation"):
        with onnxfi.Injector(loaded, target, provider="cpu") as injector:
            golden = injector.golden(feeds)
        for name, array in zip(names, expected, strict=True):
            np.testing.assert_allclose(golden.outputs[name], array, rtol=1e-6)


@pytest.mark.parametrize("is_true", [True, False])
def test_conditions_of_constants_are_inlined_at_load(is_true: bool) -> None:
    proto = of_constants(is_true)
    loaded = onnxfi.load(proto)
    assert nodes_with_bodies(loaded.graph) == []
    targets = {x.tensor: x.op_type for x in loaded.targets(kind="activation")}
    assert targets["h"] == "MatMul"
    assert targets["y"] == ("Tanh" if is_true else "Relu")
    assert targets["t"] == "Abs"  # the main graph's; the tensor within is called t_2, or r
    assert loaded.target("w" if is_true else "w8").kind == "weight"
    assert ("w8" if is_true else "w") not in loaded.values
    assert len({x.tensor for x in loaded.targets()}) == len(loaded.targets())
    check_outputs(loaded, proto, {"x": weights(2, 3, seed=7)})


@pytest.mark.parametrize("rate", [16000, 8000])
def test_conditions_of_constant_inputs(rate: int) -> None:
    proto = by_rate()
    loaded = onnxfi.load(proto)
    (body,) = nodes_with_bodies(loaded.graph)
    assert (body.op_type, body.nodes) == ("If", 12)
    folded = fold_conditions(loaded, {"sr": np.array(rate, np.int64)})
    assert nodes_with_bodies(folded.graph) == []
    assert len(nodes_with_bodies(loaded.graph)) == 1
    assert "h" in {x.tensor for x in folded.targets()}
    feeds = {"x": weights(2, 3, seed=7), "sr": np.array(rate, np.int64)}
    check_outputs(folded, proto, feeds)


def test_a_fault_in_an_inlined_branch() -> None:
    """The oracle: the branch's MatMul reads other weights, so that it gives the faulty tensor."""
    proto = by_rate()
    feeds = {"x": np.abs(weights(1, 3, seed=7)), "sr": np.array(8000, np.int64)}
    folded = fold_conditions(onnxfi.load(proto), {"sr": feeds["sr"]})
    corrupted = np.array([[1, -2, 3]], np.float32)
    with onnxfi.Injector(folded, "h", provider="cpu") as injector:
        outputs = injector.resume(injector.golden(feeds), corrupted)
    branch = next(x for x in proto.graph.node[2].attribute if x.name == "else_branch").g
    branch.node[0].CopyFrom(node("Constant", "", "h", value=numpy_helper.from_array(corrupted)))
    names = [x.name for x in proto.graph.output]
    for name, expected in zip(names, run(proto, feeds), strict=True):
        np.testing.assert_allclose(outputs[name], expected, rtol=1e-6)


def test_conditions_of_data_stay() -> None:
    then, other = graph([node("Neg", "x", "t")], "t"), graph([node("Abs", "x", "e")], "e")
    proto = model(
        [
            node("ReduceMax", "x", "peak", keepdims=0),
            node("Cast", "peak", "is_loud", to=BOOL),
            node("If", "is_loud", "y", then_branch=then, else_branch=other),
        ],
        [value("x", [3])],
        [value("y", [3])],
    )
    loaded = onnxfi.load(proto)
    assert len(nodes_with_bodies(loaded.graph)) == 1
    assert fold_conditions(loaded, {}) is loaded


def test_outputs_that_are_left_out_or_weights() -> None:
    branches: dict[str, Any] = {
        f"{name}_branch": graph(
            [node("Neg", "x", "n"), node("Abs", "n", "b")], *("n", "b", "kernel"), kernel=weights(2)
        )
        for name in ("then", "else")
    }
    proto = model(
        [helper.make_node("If", ["yes"], ["", "y", "k"], **branches), node("Relu", "y", "kernel")],
        [value("x", [2])],
        [value("kernel", [2]), value("k", [2])],
        {"yes": np.array(True)},
    )
    loaded = onnxfi.load(proto)
    assert {x.tensor: x.op_type for x in loaded.targets(kind="activation")} == {
        "n": "Neg",
        "y": "Abs",
        "kernel": "Relu",
    }
    with onnxfi.Injector(loaded, "n", provider="cpu") as injector:
        outputs = injector.golden({"x": np.array([-1, 2], np.float32)}).outputs
    np.testing.assert_array_equal(outputs["kernel"], [1, 2])
    np.testing.assert_array_equal(outputs["k"], weights(2))
