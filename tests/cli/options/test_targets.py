"""Options that choose targets."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper


@pytest.fixture
def shapely(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the current folder, with a model that computes a shape and an output nobody reads."""
    monkeypatch.chdir(tmp_path)
    nodes = [
        helper.make_node("Relu", ["x"], ["a"]),
        helper.make_node("Shape", ["a"], ["shape"]),
        helper.make_node("Exp", ["a"], ["nowhere"]),
        helper.make_node("Reshape", ["a", "shape"], ["y"]),
    ]
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 3])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, tmp_path / "m.onnx")
    np.savez(tmp_path / "x.npz", x=np.ones((4, 3), np.float32))
    (tmp_path / "c.yaml").write_text(
        "model: m.onnx\ninputs: {file: x.npz}\nerror_models: [{name: zero}]\nout: run\n"
        "injections: {per_target: 4}\nexecution: {provider: cpu}\nmetric: {name: regression}\n"
    )
    return tmp_path


def tensors(result: Any) -> list[str]:
    assert result.status == 0, result.stderr
    return [row["tensor"] for row in json.loads(result.stdout)["targets"]]


def test_inspect_chooses_targets(onnxfi: Callable[..., Any], work: Path) -> None:
    inspect = ("inspect", "lenet.onnx", "--kind", "activation", "--json")
    everything = tensors(onnxfi(*inspect))
    convolutions = tensors(onnxfi(*inspect, "--op", "Conv"))
    assert 1 < len(convolutions) < len(everything)
    without = [x for x in everything if x not in convolutions]
    assert tensors(onnxfi(*inspect, "--exclude", "op=Conv")) == without
    assert tensors(onnxfi(*inspect, "--op", "Conv", "--index", "-1")) == convolutions[-1:]
    assert tensors(onnxfi(*inspect, "--index", "1:3", "--dtype", "float")) == everything[1:3]
    rows = json.loads(onnxfi(*inspect, "--layer", "conv*").stdout)["targets"]
    assert {row["layer"] for row in rows} == {"conv1", "conv2"}
    assert tensors(onnxfi(*inspect, "--target", "dense?", "--exclude", "dense1")) == ["dense2"]


def test_what_is_left_out_is_said(onnxfi: Callable[..., Any], shapely: Path) -> None:
    result = onnxfi("inspect", "m.onnx", "--json")
    assert tensors(result) == ["x", "a", "y"]
    assert json.loads(result.stdout)["left_out"] == {"shapes": 1, "unread": 1}
    said = "1 that only compute shapes, 1 that reach no output"
    assert said in result.stderr
    whole = onnxfi("inspect", "m.onnx", "--json", "--include-shapes")
    assert tensors(whole) == ["x", "a", "shape", "nowhere", "y"]
    assert said not in whole.stderr
    plan = onnxfi("campaign", "plan", "c.yaml", "--json")
    document = json.loads(plan.stdout)
    assert [x["target"] for x in document["strata"]] == ["a", "y"]
    assert document["left_out"] == {"shapes": 1, "unread": 1}
    assert said in plan.stderr
    run = onnxfi("campaign", "run", "c.yaml")
    assert run.status == 0
    assert said in run.stderr


def test_the_table_shows_dtype_and_channel_axis(onnxfi: Callable[..., Any], work: Path) -> None:
    table = onnxfi("inspect", "lenet.onnx", "--op", "Conv", "--kind", "activation").stdout
    assert "float32" in table
    assert re.search(r"channel.*\n(.*\n)+conv1 .* \(N, \d+, 8, 8\) +1 ", table)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--dtype", "floot"], "'floot'"),
        (["--index", "one"], "'one'"),
        (["--exclude", "kind=thing"], "'thing'"),
        (["--exclude", "dtype=thing"], "'thing'"),
        (["--exclude", "none"], "'none'"),
        (["--op", "Tanh"], "ops removed"),
        (["--index", "99"], "99"),
    ],
)
def test_options_that_choose_nothing(
    onnxfi: Callable[..., Any], work: Path, options: list[str], message: str
) -> None:
    result = onnxfi("inspect", "lenet.onnx", *options)
    assert result.status == 2
    assert message in result.stderr
    assert result.stdout == ""


def test_inject_split_and_profile_choose_targets(onnxfi: Callable[..., Any], work: Path) -> None:
    inject = ("inject", "lenet.onnx", "--inputs", "x.npz", "--error-model", "zero", "--json")
    result = onnxfi(*inject, "--provider", "cpu", "--target", "conv?", "--index", "0")
    assert json.loads(result.stdout)["targets"] == ["conv1"]
    result = onnxfi("split", "lenet.onnx", "--kind", "activation", "--op", "Conv", "--out", "o")
    assert result.status == 0, result.stderr
    assert len(json.loads(Path("o/split.json").read_text())["targets"]) == 2
    result = onnxfi("profile", "lenet.onnx", "--inputs", "x.npz", "--json", "--op", "Softmax")
    assert len(json.loads(result.stdout)["tensors"]) == 1
    refused = onnxfi("split", "lenet.onnx", "--out", "o")
    assert refused.status == 2
    assert "--target" in refused.stderr


def test_options_replace_the_targets_of_a_campaign(
    onnxfi: Callable[..., Any], shapely: Path
) -> None:
    def planned(*options: str) -> list[str]:
        result = onnxfi("campaign", "plan", "c.yaml", "--json", *options)
        assert result.status == 0, result.stderr
        return [x["target"] for x in json.loads(result.stdout)["strata"]]

    assert planned("--exclude", "a") == ["y"]
    assert planned("--index", "0") == ["a"]
    assert planned("--kind", "input") == ["x"]
    assert planned("--include-shapes", "--dtype", "float") == ["a", "nowhere", "y"]
    assert onnxfi("campaign", "run", "c.yaml", "--op", "Relu").status == 0
    assert "ops:" in Path("run/campaign.yaml").read_text()
    text = Path("c.yaml").read_text()
    Path("c.yaml").write_text(f"{text}targets: [{{tensors: [a]}}, {{tensors: [y]}}]\n")
    refused = onnxfi("campaign", "plan", "c.yaml", "--index", "0")
    assert refused.status == 2
    assert "is a list of selections" in refused.stderr


def test_a_kind_that_is_misspelt(onnxfi: Callable[..., Any], work: Path) -> None:
    result = onnxfi("inspect", "lenet.onnx", "--kind", "weigth")
    assert result.status == 2
    assert result.stderr.splitlines()[-1] == (
        "Error: Invalid value for '--kind': must be one of activation, weight, input, got 'weigth' "
        "(did you mean 'weight'?)."
    )
