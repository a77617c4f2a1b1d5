"""``onnxfi inspect``."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from tests.support.small_graphs import model, node, value

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


def is_shown(name: str, shown: str) -> bool:
    """Return whether a text holds a name, maybe over two lines or without its middle."""
    shortened = (x.split("…") for x in shown.split() if "…" in x)
    return name in "".join(shown.split()) or any(
        len(x) == 2 and name.startswith(x[0]) and name.endswith(x[1]) for x in shortened
    )


@pytest.mark.parametrize("width", [80, 60])
def test_long_names_can_be_told_apart_in_a_narrow_terminal(
    onnxfi: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    names = [f"backbone/encoder_{k}/bottleneck_residual_block_{k}/convolution:0" for k in (1, 2)]
    assert {len(x) for x in names} == {60}
    proto = model(
        [node("Relu", "x", names[0]), node("Relu", names[0], names[1])],
        inputs=[value("x", ["N", 2, 8, 8])],
        outputs=[value(names[1], ["N", 2, 8, 8])],
    )
    onnx.save(proto, tmp_path / "m.onnx")
    np.savez(tmp_path / "x.npz", x=np.ones((1, 2, 8, 8), np.float32))
    for command in (
        ("inspect", tmp_path / "m.onnx"),
        ("profile", tmp_path / "m.onnx", "--inputs", tmp_path / "x.npz", "--provider", "cpu"),
    ):
        shown = onnxfi(*command).stdout
        assert all(len(line) <= width for line in shown.splitlines() if str(tmp_path) not in line)
        for name in names:
            assert is_shown(name, shown)
