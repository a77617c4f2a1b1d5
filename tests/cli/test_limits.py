"""Limits on the command line, and what commands say of why injections were due."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from tests.support.small_graphs import INT64, model, node, value


def test_inject_within_limits(onnxfi: Callable[..., Any], tmp_path: Path) -> None:
    proto = model(
        [node("Expand", "x length", "e"), node("ReduceSum", "e", "y", keepdims=0)],
        [value("x", [1]), value("length", [1], INT64)],
        [value("y", [])],
    )
    onnx.save(proto, tmp_path / "m.onnx")
    np.savez(tmp_path / "x.npz", x=np.ones((1, 1), np.float32), length=np.array([[8]]))
    said = ["inject", tmp_path / "m.onnx", "--target", "length", "--inputs", tmp_path / "x.npz"]
    # 256 MiB: more than one limit, and less than the other.
    said += ["--error-model", "bitflip:bit=26", "--provider", "cpu"]
    for memory, outcome, reason in (("100", "due", "memory"), ("0", "benign", None)):
        result = onnxfi(*said, "--limit-memory", memory, "--json")
        (row,) = json.loads(result.stdout)["injections"]
        assert (row["outcome"], row["due_reason"]) == (outcome, reason)
    assert "due: memory 1" in onnxfi(*said, "--limit-memory", "100").stdout


def test_the_summary_says_why(onnxfi: Callable[..., Any], tmp_path: Path) -> None:
    proto = model([node("Add", "x x", "y")], [value("x", ["N", 2])], [value("y", ["N", 2])])
    onnx.save(proto, tmp_path / "m.onnx")
    np.savez(tmp_path / "x.npz", x=np.ones((3, 2), np.float32))
    path = tmp_path / "campaign.yaml"
    path.write_text(
        """
model: m.onnx
inputs: {file: x.npz}
targets: {kind: input}
error_models: [{name: nan}, {name: inf}, {name: zero}]
injections: {per_target: 5}
execution: {provider: cpu, workers: 1}
"""
    )
    printed = onnxfi("campaign", "run", path, "--out", tmp_path / "run").stdout
    assert "Why injections were due" in printed
    found = json.loads(onnxfi("campaign", "summary", tmp_path / "run", "--json").stdout)
    assert [
        (x["target"], x["error_model"], x["injections"], x["reasons"]) for x in found["due"]
    ] == [
        ("x", "nan", 5, {"nan": 5}),
        ("x", "inf", 5, {"inf": 5}),
    ]
