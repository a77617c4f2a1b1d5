"""``onnxfi inspect``."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx

KERAS_FILE = Path(__file__).parents[3] / "onnxfi" / "demo" / "assets" / "lenet_digits.h5"


def test_inspect_lists_the_targets(onnxfi: Callable[..., Any], work: Path) -> None:
    result = onnxfi("inspect", "lenet.onnx", "--json")
    assert result.status == 0
    document = json.loads(result.stdout)
    targets = {row["tensor"]: row for row in document["targets"]}
    conv = targets["conv1"]
    assert conv["op_type"] == "Conv"
    assert conv["kind"] == "activation"
    assert conv["layer"] == "conv1"
    assert conv["dtype"] == "float32"
    proto = onnx.load("lenet.onnx")
    (node,) = [x for x in proto.graph.node if x.output[0] == "conv1"]
    sizes = {x.name: int(np.prod(x.dims)) for x in proto.graph.initializer}
    assert conv["parameters"] == sum(sizes.get(name, 0) for name in node.input) > 0
    shares = [row["suffix_share"] for row in document["targets"]]
    assert 0 <= min(shares) < max(shares) <= 1
    table = onnxfi("inspect", "lenet.onnx")
    assert table.status == 0
    for name in targets:
        assert name in table.stdout


def test_inspect_reads_a_keras_file(onnxfi: Callable[..., Any]) -> None:
    result = onnxfi("inspect", KERAS_FILE, "--json")
    assert {"conv1", "conv2"} <= {row["tensor"] for row in json.loads(result.stdout)["targets"]}


def test_inspect_lists_the_targets_of_a_kind(onnxfi: Callable[..., Any], work: Path) -> None:
    rows = json.loads(onnxfi("inspect", "lenet.onnx", "--kind", "weight", "--json").stdout)
    by_name = {row["tensor"]: row for row in rows["targets"]}
    kernel = by_name["dense1/kernel"]
    assert (kernel["kind"], kernel["layer"], kernel["op_type"]) == ("weight", "dense1", "Gemm")
    assert kernel["parameters"] == np.prod(kernel["shape"])
    assert 0 < kernel["suffix_share"] < 1
