"""Operators with several outputs behind a target, with some of them used and all of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

import onnxfi
from onnxfi.error_models import BitFlip
from tests.support.overwritten import Overwritten
from tests.support.small_graphs import FLOAT, model, node, value, weights

SEQUENCE, IMAGE = (1, 6, 16), (1, 16, 6, 6)
SETTINGS = [(1, True), (3, True), (3, False), ("auto", True)]


@dataclass(frozen=True)
class Case:
    """A node that reads ``t``, and its outputs."""

    node: onnx.NodeProto
    shape: tuple[int, ...] = SEQUENCE
    weights: Mapping[str, np.ndarray] = field(default_factory=dict)
    opset: int = 20


def floats(**values: object) -> dict[str, np.ndarray]:
    return {name: np.asarray(x, np.float32) for name, x in values.items()}


def recurrent(op: str, gates: int, outputs: str) -> Case:
    """A recurrent operator; its first axis is the steps."""
    given = {"w": weights(1, gates * 4, 16), "r": weights(1, gates * 4, 4)}
    return Case(node(op, "t w r", outputs, hidden_size=4), (6, 1, 16), given)


CASES = {
    "Dropout": Case(node("Dropout", "t ratio", "a b"), weights=floats(ratio=0.5)),
    "Dropout of images": Case(node("Dropout", "t", "a b"), IMAGE, opset=12),
    "Dropout, attribute": Case(node("Dropout", "t", "a b", ratio=0.3), opset=10),
    "MaxPool": Case(node("MaxPool", "t", "a b", kernel_shape=[2, 2]), IMAGE),
    "MaxPool, 3 channels": Case(node("MaxPool", "t", "a b", kernel_shape=[2, 2]), (1, 3, 7, 7)),
    "TopK": Case(node("TopK", "t k", "a b"), weights={"k": np.array([3])}),
    "Split": Case(node("Split", "t", "a b c", axis=1, num_outputs=3)),
    "LSTM": recurrent("LSTM", 4, "a b c"),
    "GRU": recurrent("GRU", 3, "a b"),
    "RNN": recurrent("RNN", 1, "a b"),
    "Unique": Case(node("Unique", "t", "a b c d")),
    "LayerNormalization": Case(
        node("LayerNormalization", "t s", "a b c"), weights={"s": weights(16)}
    ),
    "DynamicQuantizeLinear": Case(node("DynamicQuantizeLinear", "t", "a b c")),
}  # fmt: skip


def network(case: Case, used: slice) -> onnx.ModelProto:
    """Make a model of a case in which some outputs of the node are used, and named all the same."""
    outputs = list(case.node.output)[used]
    nodes = [node("Neg", "x", "t"), case.node]
    nodes += [node("Cast", name, f"{name}_float", to=FLOAT) for name in outputs]
    made = [value(f"{name}_float", None) for name in outputs]
    proto = model(nodes, [value("x", list(case.shape))], made, case.weights)
    proto.opset_import[0].CopyFrom(helper.make_opsetid("", case.opset))
    return proto


@pytest.mark.thorough
@pytest.mark.parametrize("used", [slice(1), slice(-1, None), slice(None)], ids=str)
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_injections_equal_the_model_with_the_tensor_overwritten(case: Case, used: slice) -> None:
    proto = network(case, used)
    feeds = {"x": weights(*case.shape, seed=1)}
    loaded, oracle = onnxfi.load(proto), Overwritten(proto, "t")
    for lanes, propagation in SETTINGS:
        with onnxfi.Injector(
            *(loaded, "t"),
            provider="cpu",
            threads=1,
            lanes=lanes,  # type: ignore[arg-type]
            propagation=propagation,
        ) as injector:
            golden = injector.golden(feeds)
            for injection in injector.inject(golden, BitFlip(), count=20, seed=3):
                oracle.check(injection, feeds, golden.target)


@pytest.mark.parametrize(
    "name", ["Dropout", "MaxPool", "Split", "TopK", "LSTM", "LayerNormalization"]
)
def test_an_output_may_be_one_of_the_model(name: str) -> None:
    case = CASES[name]
    proto = network(case, slice(None))
    dtypes = {"Dropout": TensorProto.BOOL, "MaxPool": TensorProto.INT64, "TopK": TensorProto.INT64}
    proto.graph.output.append(value(case.node.output[1], None, dtypes.get(name, FLOAT)))
    feeds = {"x": weights(*case.shape, seed=1)}
    with onnxfi.Injector(onnxfi.load(proto), "t", provider="cpu", threads=1) as injector:
        golden, oracle = injector.golden(feeds), Overwritten(proto, "t")
        for injection in injector.inject(golden, BitFlip(), count=40, seed=3):
            oracle.check(injection, feeds, golden.target)
