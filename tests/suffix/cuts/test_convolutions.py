"""Operators behind a convolution that ONNX Runtime merges into it, at which windows do not end."""

import numpy as np
import onnx
import pytest

import onnxfi
from onnxfi.suffix.cuts import (
    may_add_in_convolution,
    may_cut,
    may_follow_in_convolution,
    starts_anew,
)
from tests.suffix.cuts.test_fusions import run, run_in_two
from tests.support.small_graphs import model, node, random_inputs, value, weights


def residual(after: str, channels: int = 32) -> onnx.ModelProto:
    """A convolution to c, one to d, and their sum."""
    given = {name: weights(channels, channels, 3, 3, seed=seed) for seed, name in enumerate("vw")}
    nodes = [
        node("Conv", "x v", "c", pads=[1, 1, 1, 1]),
        node("Conv", "c w", "d", pads=[1, 1, 1, 1]),
        node("Add", "c d", "a"),
        node(after, "a", "b"),
        node("Conv", "b v", "y"),
    ]
    return model(nodes, [value("x", [1, channels, 12, 12])], [value("y", None)], given)


@pytest.mark.parametrize(("after", "held"), [("Neg", True), ("Relu", False)])
def test_a_convolution_begins_its_sums_with_the_other_tensor(after: str, held: bool) -> None:
    """Windows may end before an Add and a Relu all the same: their bits are compared."""
    proto = residual(after)
    loaded, feeds = onnxfi.load(proto), random_inputs(proto)
    assert run_in_two(loaded, "c", feeds)["y"].tobytes() != run(proto, feeds)["y"].tobytes()
    assert may_add_in_convolution(list(loaded.graph)[2]) == held


def test_a_factor_goes_into_the_weights() -> None:
    nodes = [node("Conv", "x w", "c"), node("Mul", "c k", "y")]
    given = {"w": weights(16, 16, 3, 3), "k": weights(1, 16, 1, 1, seed=1)}
    proto = model(nodes, [value("x", [1, 16, 12, 12])], [value("y", None)], given)
    loaded, feeds = onnxfi.load(proto), random_inputs(proto)
    assert may_follow_in_convolution(list(loaded.graph)[1])
    assert run_in_two(loaded, "c", feeds)["y"].tobytes() != run(proto, feeds)["y"].tobytes()


@pytest.mark.parametrize(
    ("op", "answer", "anew"),
    [("Conv", "yes", True), ("Relu", "yes", False), ("Elu", "unknown", False)],
)
def test_answers_by_consumer(op: str, answer: str, anew: bool) -> None:
    nodes = [node("Neg", "x", "a"), node(op, "a w" if op == "Conv" else "a", "y")]
    given = {"w": np.ones((1, 1, 1, 1), np.float32)} if op == "Conv" else {}
    proto = model(nodes, [value("x", [1, 1, 4, 4])], [value("y", None)], given)
    graph = onnxfi.load(proto).graph
    first, second = graph
    assert may_cut(first.outputs[0], held=()) == answer
    assert may_cut(first.outputs[0], held={first}) == "no"
    assert starts_anew(second) == anew
