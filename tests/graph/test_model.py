"""Loading models and finding the targets in them."""

from pathlib import Path
from typing import Literal

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

import onnxfi
from onnxfi.converters import METADATA_KEY, Layer, dump_layers
from onnxfi.errors import ModelFormatError, TargetNotFoundError
from tests.support.small_graphs import (
    SMALL_GRAPHS,
    chain,
    old_format,
    skips,
    weights,
)

KINDS: tuple[Literal["input", "weight", "activation"], ...] = ("input", "weight", "activation")


def test_targets_of_every_kind_in_the_order_of_the_graph() -> None:
    model = onnxfi.load(SMALL_GRAPHS["constants"]())
    names = [x.tensor for x in model.targets()]
    assert names == ["x", "raw", "scale", "a", "b", "c", "minus", "d", "w", "e", "y"]
    kinds = {kind: [x.tensor for x in model.targets(kind=kind)] for kind in KINDS}
    assert kinds == {
        "input": ["x"],
        "weight": ["raw", "scale", "minus", "w"],
        "activation": ["a", "b", "c", "d", "e", "y"],
    }


def test_a_weight_tells_who_reads_it() -> None:
    target = onnxfi.load(skips()).target("k2")
    assert (target.kind, target.op_type, target.node) == ("weight", "Conv", "node_c2")
    assert target.shape == (4, 4, 3, 3)
    assert [x.tensor for x in onnxfi.load(skips()).targets(kind="weight", op="Conv")] == [
        "k1",
        "b1",
        "k2",
        "k3",
    ]


def test_constants_that_are_no_parameters_are_targets_by_name_only() -> None:
    model = onnxfi.load(SMALL_GRAPHS["loop_with_captures"]())
    assert model.targets(kind="weight") == []
    assert model.target("trips").kind == "weight"
    assert onnxfi.load(SMALL_GRAPHS["dead_end"]()).target("unused").op_type == ""


def test_what_a_target_tells() -> None:
    target = onnxfi.load(skips()).target("c1")
    assert target.kind == "activation"
    assert target.op_type == "Conv"
    assert target.node == "node_c1"
    assert target.shape == ("N", 4, 6, 6)
    assert target.dtype == np.float32
    assert target.channel_axis == 1
    assert target.layer is None


def test_targets_by_operator_and_layer() -> None:
    proto = skips()
    layers = [
        Layer("block/conv", "Conv2D", tensor="r1", operator_tensor="c1", channel_axis=1),
        Layer("block/alias", "Dropout", tensor="r1"),
        Layer("pool", "MaxPooling2D", tensor="p"),
    ]
    helper.set_model_props(proto, {METADATA_KEY: dump_layers(layers)})
    loaded = onnxfi.load(proto)
    activations = loaded.targets(kind="activation", op="Conv")
    assert [x.tensor for x in activations] == ["c1", "c2", "c3"]
    assert [x.tensor for x in loaded.targets(layer="block/*")] == ["k1", "b1", "c1", "r1"]
    # A weight belongs to the layer that it reaches first.
    assert {x.layer for x in loaded.targets(kind="weight", layer="*conv")} == {"block/conv"}
    assert [x.tensor for x in loaded.targets(kind="weight", layer="block/*")] == ["k1", "b1"]
    # A layer's name means its output, also where two layers share the tensor.
    assert loaded.target("block/conv").tensor == "r1"
    assert loaded.target("block/alias").tensor == "r1"
    assert loaded.target("r1").layer == "block/conv"


def test_a_tensor_goes_before_a_node_of_the_same_name() -> None:
    proto = chain()
    proto.graph.node[0].name = "b"
    proto.graph.node[1].name = "other"
    assert onnxfi.load(proto).target("b").op_type == "Relu"
    assert onnxfi.load(proto).target("other").tensor == "b"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("X1", "none is called 'X1'"),
        ("C1", r"called 'C1' \(did you mean 'c1'\?\)\. List"),
    ],
)
def test_no_such_target(name: str, message: str) -> None:
    with pytest.raises(TargetNotFoundError, match=message):
        onnxfi.load(skips()).target(name)


def test_initializers_that_are_inputs_are_constants() -> None:
    loaded = onnxfi.load(old_format())
    assert [x.name for x in loaded.graph.inputs] == ["x"]
    assert [x.tensor for x in loaded.targets(kind="activation")] == ["c", "y"]
    assert [x.tensor for x in loaded.targets(kind="weight")] == ["k"]


def test_a_layer_map_of_another_version() -> None:
    proto = chain()
    helper.set_model_props(proto, {METADATA_KEY: '{"version": 99, "layers": []}'})
    with pytest.raises(ModelFormatError, match="version 1, got 99"):
        onnxfi.load(proto).targets()


def test_save_and_load_again(tmp_path: Path) -> None:
    loaded = onnxfi.load(skips())
    loaded.save(tmp_path / "copy.onnx")
    copy = onnx.load(tmp_path / "copy.onnx")
    arrays = {x.name: numpy_helper.to_array(x) for x in copy.graph.initializer}
    np.testing.assert_array_equal(arrays["k1"], weights(4, 2, 3, 3))
    assert onnxfi.load(tmp_path / "copy.onnx").targets() == loaded.targets()
