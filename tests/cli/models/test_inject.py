"""``onnxfi inject``."""

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from tests.support.small_graphs import INT64, model, node, value

INJECT = ("inject", "lenet.onnx", "--inputs", "x.npz", "--provider", "cpu")


def test_inject_gives_json(onnxfi: Callable[..., Any], work: Path) -> None:
    command = (*INJECT, "--target", "conv2", "--error-model", "bitflip", "--count", 20, "--json")
    first = onnxfi(*command, "--seed", 5)
    document = json.loads(first.stdout)
    assert document["targets"] == ["conv2"]
    assert document["seed"] == 5
    rows = document["injections"]
    assert [row["injection_id"] for row in rows] == list(range(20))
    assert {row["input_index"] for row in rows} == set(range(8))
    for row in rows:
        (corruption,) = row["corruptions"]
        assert corruption["target"] == "conv2"
        assert len(corruption["indices"]) == len(corruption["values"]) == 1
    assert onnxfi(*command, "--seed", 5) == first
    assert json.loads(onnxfi(*command, "--seed", 6).stdout)["injections"] != rows


def test_inject_into_a_weight_an_activation_and_an_input_at_once(
    onnxfi: Callable[..., Any], work: Path
) -> None:
    targets = ("dense1/kernel", "conv1", "image")
    options = [x for name in targets for x in ("--target", name)]
    models = [x for spec in ("zero", "bitflip:bit=30", "random") for x in ("--error-model", spec)]
    document = json.loads(onnxfi(*INJECT, *options, *models, "--count", 4, "--json").stdout)
    assert sorted(document["targets"]) == sorted(targets)
    for row in document["injections"]:
        # In the order in which they are corrupted.
        assert [x["target"] for x in row["corruptions"]] == document["targets"]
        values = {x["target"]: x["values"] for x in row["corruptions"]}
        assert values["dense1/kernel"] == [0.0]
    one = onnxfi(*INJECT, *options, "--error-model", "zero", "--count", 4, "--json")
    assert {
        value
        for row in json.loads(one.stdout)["injections"]
        for x in row["corruptions"]
        for value in x["values"]
    } == {0.0}


def test_inject_counts_the_outcomes(onnxfi: Callable[..., Any], work: Path) -> None:
    result = onnxfi(*INJECT, "--target", "conv1", "--error-model", "bitflip", "--count", 30)
    assert result.status == 0
    lines = {line.split()[0]: line.split()[1] for line in result.stdout.splitlines() if "[" in line}
    counts = {key: lines[key] for key in ("masked", "benign", "sdc", "due")}
    assert sum(map(int, counts.values())) == 30


def test_a_fallback_to_the_cpu_is_said_once(
    onnxfi: Callable[..., Any], work: Path, caplog: pytest.LogCaptureFixture
) -> None:
    from onnxfi.runtime import provider

    if provider.cuda_obstacle() is None:
        pytest.skip("CUDA runs here")
    provider._log_fallback.cache_clear()  # noqa: SLF001
    command = ("inject", "lenet.onnx", "--inputs", "x.npz", "--target", "conv1")
    logging.getLogger("onnxfi").setLevel(logging.NOTSET)  # the command itself asks for it
    for _ in range(2):
        assert onnxfi(*command, "--error-model", "zero").status == 0
    assert [x.message[:18] for x in caplog.records] == ["Running on the CPU"]


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
    said += ["--error-model", "bitflip:bit=26", "--provider", "cpu", "--limit-seconds", "0"]
    for memory, outcome, reason in (("100", "due", "memory"), ("0", "benign", None)):
        result = onnxfi(*said, "--limit-memory", memory, "--json")
        (row,) = json.loads(result.stdout)["injections"]
        assert (row["outcome"], row["due_reason"]) == (outcome, reason)
    one = onnxfi(*said, "--limit-memory", "100").stdout
    assert one == "length: 1 injection, 1 site: due (memory)\n"
    two = onnxfi(*said, "--limit-memory", "100", "--count", "2").stdout
    assert "due: memory 2" in two
