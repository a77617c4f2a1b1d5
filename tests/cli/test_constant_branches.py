"""Networks within an If that a constant input chooses are open to faults."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from onnxfi.run_directory import read_records
from tests.support.small_graphs import INT64, model, node, value, weights


@pytest.fixture
def by_rate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the current folder, with a model that has a branch for each sampling rate."""
    monkeypatch.chdir(tmp_path)

    def branch(op: str) -> onnx.GraphProto:
        nodes = [node("MatMul", "x w", "h"), node(op, "h", "out")]
        return onnx.helper.make_graph(nodes, op, [], [value("out", None)])

    proto = model(
        [
            node("Equal", "sr low", "is_low"),
            node("If", "is_low", "c", then_branch=branch("Tanh"), else_branch=branch("Relu")),
            node("Neg", "c", "y"),
        ],
        [value("x", ["N", 3]), value("sr", [], INT64)],
        [value("y", None)],
        {"low": np.array(8000, np.int64), "w": weights(3, 3)},
    )
    onnx.save(proto, "m.onnx")
    np.savez("x.npz", x=weights(4, 3, seed=1))
    return tmp_path


def configuration(targets: str) -> str:
    return (
        "model: m.onnx\ninputs: {file: x.npz, tensors: {x: {array: x}, sr: {value: 8000}}}\n"
        f"targets: {targets}\nerror_models: [{{name: zero}}]\ninjections: {{per_target: 4}}\n"
        "metric: {name: regression}\nexecution: {provider: cpu, workers: 1}\n"
    )


def targets(result: Any) -> set[str]:
    assert result.status == 0, result.stderr
    return {row["tensor"] for row in json.loads(result.stdout)["targets"]}


def test_inspect_and_inject(onnxfi: Callable[..., Any], by_rate: Path) -> None:
    closed = onnxfi("inspect", "m.onnx")
    assert "If 'node_c' (c) holds 4 nodes" in closed.stderr
    assert "h" not in targets(onnxfi("inspect", "m.onnx", "--json"))
    opened = onnxfi("inspect", "m.onnx", "--json", "--constant", "sr=8000")
    assert {"h", "c"} <= targets(opened)
    assert json.loads(opened.stdout)["bodies"] == []
    rows = {row["tensor"]: row for row in json.loads(opened.stdout)["targets"]}
    assert rows["c"]["op_type"] == "Tanh"
    inject = ("inject", "m.onnx", "--inputs", "x.npz", "--error-model", "zero", "--provider", "cpu")
    inject += ("--count", "4", "--json", "--metric", "regression")  # type: ignore[assignment]
    result = onnxfi(*inject, "--constant", "sr=16000", "--target", "h")
    assert result.status == 0, result.stderr
    refused = onnxfi("inspect", "m.onnx", "--constant", "rate=8000")
    assert refused.status == 2
    assert "'rate'" in refused.stderr


def test_campaign(onnxfi: Callable[..., Any], by_rate: Path) -> None:
    Path("c.yaml").write_text(configuration("{kind: activation, dtypes: [float]}"))
    result = onnxfi("campaign", "run", "c.yaml", "--out", "run")
    assert result.status == 0, result.stderr
    records = read_records("run")
    assert set(records["target"].to_pylist()) == {"h", "c", "y"}
    assert onnxfi("campaign", "summary", "run").status == 0


def test_a_target_that_may_choose_the_branch_keeps_it_closed(
    onnxfi: Callable[..., Any], by_rate: Path
) -> None:
    """With every bit of the rate at 0 the other branch runs, which the fault must reach."""
    Path("c.yaml").write_text(configuration("{tensors: [is_low]}"))
    result = onnxfi("campaign", "run", "c.yaml", "--out", "run")
    assert result.status == 0, result.stderr
    outcomes = set(read_records("run")["outcome"].to_pylist())
    assert outcomes - {"masked"}
