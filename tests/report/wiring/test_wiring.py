"""Networks are reduced to their targets and the joints between them."""

import itertools
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from onnxfi import load
from onnxfi.report.wiring import lanes_of, wire


def save(tmp_path: Path, nodes: Sequence[onnx.NodeProto], *outputs: str) -> Path:
    """Write a model with one input x, of one value, and the weight w."""
    graph = helper.make_graph(
        nodes,
        "graph",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in outputs],
        [numpy_helper.from_array(np.ones(1, np.float32), "w")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, tmp_path / "model.onnx")
    return tmp_path / "model.onnx"


def wired(path: Path, *targets: str) -> list[tuple[str, list[str]]]:
    """Return the name of each vertex with the names of those that it reads."""
    found = wire(load(path), targets)
    names = [" ".join(x.tensors) or x.name for x in found.vertices]
    reads = [[names[x] for x in read] for read in found.sources]
    return list(zip(names, reads, strict=True))


def test_operators_between_targets_are_left_out(tmp_path: Path) -> None:
    chain = ["x", "a", "b", "c", "d"]
    nodes = [helper.make_node("Relu", [x], [y]) for x, y in itertools.pairwise(chain)]
    path = save(tmp_path, nodes, "d")
    assert wired(path, "b") == [("x", []), ("b", ["x"]), ("d", ["b"])]
    assert wired(path, "a", "d") == [("x", []), ("a", ["x"]), ("d", ["a"])]


def test_a_residual_branch_is_joined(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Relu", ["x"], ["a"]),
        helper.make_node("Sigmoid", ["a"], ["b"]),
        helper.make_node("Tanh", ["b"], ["c"]),
        helper.make_node("Add", ["a", "c"], ["sum"]),
        helper.make_node("Relu", ["sum"], ["y"]),
        helper.make_node("Neg", ["a"], ["unread"]),
    ]
    path = save(tmp_path, nodes, "y")
    expected = [("x", []), ("a", ["x"]), ("b", ["a"]), ("Add", ["a", "b"]), ("y", ["Add"])]
    assert wired(path, "a", "b", "y") == expected
    assert wired(path, "y") == [("x", []), ("y", ["x"])]


def test_weights_and_several_outputs(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Mul", ["x", "w"], ["product"]),
        helper.make_node("Relu", ["product"], ["first"]),
        helper.make_node("Neg", ["product"], ["second"]),
    ]
    path = save(tmp_path, nodes, "first", "second")
    assert wired(path, "w") == [
        ("x", []),
        ("w", []),
        ("Mul", ["x", "w"]),
        ("first", ["Mul"]),
        ("second", ["Mul"]),
    ]
    assert wired(path, "product", "second") == [
        ("x", []),
        ("product", ["x"]),
        ("second", ["product"]),
        ("first", ["product"]),
    ]


@pytest.mark.parametrize(
    ("sources", "expected"),
    [
        ([[], [0], [1]], [0, 0, 0]),
        ([[], [0], [1], [0, 2], [3]], [0, 1, 1, 0, 0]),
        ([[], [], [0, 1]], [0, 1, 0]),
        ([[], [0], [0], [1], [2]], [0, 1, 0, 1, 0]),
    ],
)
def test_chains_run_straight_down(sources: list[list[int]], expected: list[int]) -> None:
    assert lanes_of(sources) == expected


@st.composite
def graphs(draw: st.DrawFn) -> list[list[int]]:
    """Draw what each of some vertices reads."""
    count = draw(st.integers(1, 12))
    earlier = [st.sets(st.integers(0, k - 1), max_size=4) for k in range(1, count)]
    return [[], *(sorted(draw(x)) for x in earlier)]


@given(graphs())
def test_no_line_crosses_a_vertex(sources: list[list[int]]) -> None:
    lanes = lanes_of(sources)
    for reader, read in enumerate(sources):
        for source in read:
            between = lanes[source + 1 : reader]
            assert lanes[source] not in between
