"""Models are checked, and omissions that ONNX Runtime accepts are filled in."""

from pathlib import Path

import numpy as np
import onnx
import pytest

import onnxfi
from onnxfi.errors import ModelFormatError
from tests.support.small_graphs import (
    chain,
    model,
    node,
    random_inputs,
    run_overwriting,
    value,
)


def test_nodes_in_no_order(tmp_path: Path) -> None:
    proto = chain()
    ordered = onnxfi.load(proto)
    shuffled = onnx.ModelProto()
    shuffled.CopyFrom(proto)
    del shuffled.graph.node[:]
    shuffled.graph.node.extend(reversed(proto.graph.node))
    onnx.save(shuffled, tmp_path / "shuffled.onnx")
    feeds = random_inputs(proto)
    for found in (onnxfi.load(shuffled), onnxfi.load(tmp_path / "shuffled.onnx")):
        assert [x.tensor for x in found.targets()] == [x.tensor for x in ordered.targets()]
        with onnxfi.Injector(found, "b", provider="cpu") as injector:
            golden = injector.golden(feeds)
            expected, _ = run_overwriting(proto, feeds)
            np.testing.assert_allclose(golden.outputs["y"], expected["y"], rtol=1e-5)


def test_a_node_that_depends_on_itself() -> None:
    circle = model(
        [node("Add", "x b", "a"), node("Relu", "a", "b")], [value("x", [1])], [value("b", [1])]
    )
    with pytest.raises(ModelFormatError, match="cycle"):
        onnxfi.load(circle)


def test_inputs_and_outputs_without_rank(tmp_path: Path) -> None:
    proto = model(
        [node("Relu", "x", "a"), node("Neg", "a", "y")], [value("x", None)], [value("y", None)]
    )
    onnx.save(proto, tmp_path / "model.onnx")
    for source in (proto, tmp_path / "model.onnx"):
        loaded = onnxfi.load(source)
        assert [x.shape for x in loaded.targets()] == [None, None, None]
        with onnxfi.Injector(loaded, "a", provider="cpu") as injector:
            golden = injector.golden({"x": np.ones((2, 3), np.float32)})
        np.testing.assert_array_equal(golden.outputs["y"], -np.ones((2, 3), np.float32))
    # So the parts of a split can be loaded in their turn.
    onnxfi.split(loaded, "a").save(tmp_path / "parts")
    assert [x.tensor for x in onnxfi.load(tmp_path / "parts" / "suffix.onnx").targets()] == [
        "a",
        "y",
    ]
