"""Tests `onnxfi inspect --lanes`: the number of lanes, and why there is only one."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from tests.support.small_graphs import model, node, value


@pytest.fixture
def inspect(
    onnxfi: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., dict[str, Any]]:
    """Give a function that inspects a model, and gives the target named."""
    monkeypatch.chdir(tmp_path)

    def run(proto: onnx.ModelProto, target: str, *options: str) -> dict[str, Any]:
        onnx.save(proto, "m.onnx")
        result = onnxfi(
            *("inspect", "m.onnx", "--lanes", "--provider", "cpu", "--json"),
            *("--target", target, *options),
        )
        assert result.status == 0, result.stderr
        (row,) = json.loads(result.stdout)["targets"]
        assert row["tensor"] == target
        return dict(row)

    return run


def ending(*nodes: onnx.NodeProto, **weights: np.ndarray) -> onnx.ModelProto:
    """Make a MatMul, which nothing is pushed through, and what follows; one sample of 2x3 in."""
    return model(
        [node("MatMul", "x w", "a"), *nodes],
        [value("x", [1, 2, 3])],
        [value("y", None)],
        {"w": np.eye(3, dtype=np.float32), **weights},
    )


@pytest.mark.thorough
def test_lenet(onnxfi: Callable[..., Any], work: Path) -> None:
    options = ("--lanes", "--inputs", "x.npz", "--provider", "cpu")
    table = onnxfi("inspect", "lenet.onnx", *options)
    assert table.status == 0
    rows = json.loads(onnxfi("inspect", "lenet.onnx", *options, "--json").stdout)["targets"]
    plain = json.loads(onnxfi("inspect", "lenet.onnx", "--json").stdout)["targets"]
    assert [{x: y for x, y in row.items() if "lanes" not in x} for row in rows] == plain
    for row in rows:
        assert (row["lanes"] == 1) == (row["lanes_reason"] is not None)
    expected = "Corruptions are pushed as far as the outputs: nothing runs."
    assert {row["tensor"]: row["lanes_reason"] for row in rows}["dense2"] == expected
    assert expected in table.stdout


def test_a_batch_of_one_is_freed(inspect: Callable[..., dict[str, Any]]) -> None:
    proto = ending(
        node("Reshape", "a shape", "r"), node("Softmax", "r", "y"), shape=np.array([1, 6])
    )
    row = inspect(proto, "x")
    assert row["lanes"] > 1 or "one by one" in row["lanes_reason"]


def test_the_node_that_keeps_the_batch_is_named(inspect: Callable[..., dict[str, Any]]) -> None:
    proto = ending(
        node("Reshape", "a shape", "r"), node("Softmax", "r", "y"), shape=np.array([3, 2])
    )
    for target in ("x", "w"):
        row = inspect(proto, target)
        assert row["lanes"] == 1
        assert "The Reshape 'node_r' merges the samples" in row["lanes_reason"]


def test_inputs_of_other_lengths_are_told(inspect: Callable[..., dict[str, Any]]) -> None:
    proto = model(
        [node("MatMul", "x k", "y")],
        [value("x", [1, 2, 3]), value("k", [3, 4])],
        [value("y", None)],
    )
    row = inspect(proto, "x")
    assert row["lanes"] == 1
    assert row["lanes_reason"] == "The first axes differ in length: 1 in 'x', 3 in 'k'."


def test_lanes_that_mix_are_seen(inspect: Callable[..., dict[str, Any]]) -> None:
    row = inspect(ending(node("Softmax", "a", "y", axis=0)), "x")
    assert row["lanes"] == 1
    assert "The Softmax 'node_y' works along the axis of the samples" in row["lanes_reason"]


def test_nothing_may_be_left_to_run(inspect: Callable[..., dict[str, Any]]) -> None:
    proto = ending(node("Relu", "a", "y"), node("Exp", "a", "unread"))
    assert "as far as the outputs" in inspect(proto, "a")["lanes_reason"]
    assert "No output depends on it" in inspect(proto, "unread")["lanes_reason"]


def test_inputs_of_unknown_size_must_be_given(
    onnxfi: Callable[..., Any], inspect: Callable[..., dict[str, Any]]
) -> None:
    proto = model([node("Sigmoid", "x", "y")], [value("x", ["N", "T"])], [value("y", None)])
    np.savez("x.npz", x=np.ones((2, 7), np.float32))
    assert inspect(proto, "x", "--inputs", "x.npz")["lanes"] >= 1
    refused = onnxfi("inspect", "m.onnx", "--lanes")
    assert refused.status == 2
    assert "'x' is FLOAT of shape (N, T). Give inputs of your own" in refused.stderr
    refused = onnxfi("inspect", "m.onnx", "--inputs", "x.npz")
    assert refused.status == 2
    assert "Give --lanes as well" in refused.stderr
