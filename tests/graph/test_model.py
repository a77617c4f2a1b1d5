"""Loading models and finding the targets in them."""

from pathlib import Path
from typing import Literal

import numpy as np
import onnx
import onnx_ir as ir
import pytest
from onnx import helper, numpy_helper

import onnxfi
from onnxfi.converters import METADATA_KEY, Layer, dump_layers
from onnxfi.errors import ModelFormatError, TargetNotFoundError
from tests.support.small_graphs import (
    SMALL_GRAPHS,
    chain,
    model,
    node,
    old_format,
    skips,
    value,
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


def test_functions_are_inlined() -> None:
    function = helper.make_function(
        "local",
        "twice",
        ["a"],
        ["b"],
        [helper.make_node("Add", ["a", "a"], ["b"])],
        [helper.make_opsetid("", 17)],
    )
    call = helper.make_node("twice", ["x"], ["t"], domain="local")
    proto = model(
        [call, node("Relu", "t", "y")],
        [value("x", [2])],
        [value("y", [2])],
        functions=[function],
    )
    proto.opset_import.append(helper.make_opsetid("local", 1))
    activations = onnxfi.load(proto).targets(kind="activation")
    assert [x.op_type for x in activations] == ["Add", "Relu"]


def test_external_weights_are_found_and_stay_outside(tmp_path: Path) -> None:
    proto = model(
        [node("MatMul", "x w", "y")],
        [value("x", ["N", 64])],
        [value("y", ["N", 64])],
        {"w": weights(64, 64)},
    )
    path = tmp_path / "big.onnx"
    onnx.save(proto, path, save_as_external_data=True, location="big.bin")
    loaded = onnxfi.load(path)
    assert loaded.files == (path, tmp_path / "big.bin")
    x = weights(2, 64, seed=3)
    with onnxfi.Injector(loaded, "y", provider="cpu") as injector:
        np.testing.assert_allclose(
            injector.golden({"x": x}).target, x @ weights(64, 64), rtol=1e-4, atol=1e-4
        )


@pytest.mark.parametrize("graph", SMALL_GRAPHS)
def test_a_loaded_model_holds_nothing_of_the_message_it_was_read_from(graph: str) -> None:
    """One tensor of a protobuf message would keep all of it, with a second copy of the weights."""
    loaded = onnxfi.load(SMALL_GRAPHS[graph]())
    graphs = [loaded.graph, *loaded.ir_model.graph.subgraphs()]
    tensors = [x.const_value for y in graphs for x in y.initializers.values()]
    tensors += [x.value for y in graphs for n in y for x in n.attributes.values()]
    assert not [x for x in tensors if isinstance(x, ir.TensorProtoTensor)]


def test_load_reads_a_keras_file(tmp_path: Path) -> None:
    from importlib import resources

    with resources.as_file(resources.files("onnxfi.demo") / "assets/lenet_digits.h5") as path:
        loaded = onnxfi.load(path)
    assert loaded.target("conv1").op_type == "Conv"
    assert loaded.target("pool2").layer == "pool2"


@pytest.mark.parametrize("content", [b"", b"no model at all", b"\x08\x01", b"\x89HDF broken"])
def test_files_that_are_no_model(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(content)
    with pytest.raises(ModelFormatError, match="must be an ONNX model"):
        onnxfi.load(path)


def test_a_missing_file_and_a_folder(tmp_path: Path) -> None:
    with pytest.raises(ModelFormatError, match="must be an existing file"):
        onnxfi.load(tmp_path / "none.onnx")
    with pytest.raises(ModelFormatError, match="is a folder"):
        onnxfi.load(tmp_path)


def test_a_truncated_file(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    content = skips().SerializeToString()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(ModelFormatError, match="must be an ONNX model"):
        onnxfi.load(path)


def test_invalid_onnx_in_memory() -> None:
    proto = chain()
    proto.graph.node[0].op_type = "NoSuchOperator"
    with pytest.raises(ModelFormatError, match="NoSuchOperator"):
        onnxfi.load(proto)


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


def test_a_pytorch_file_names_its_export(tmp_path: Path) -> None:
    (tmp_path / "m.pt").write_bytes(b"PK\x03\x04")
    with pytest.raises(ModelFormatError, match=r"m\.pt looks like a PyTorch file\. Export it with"):
        onnxfi.load(tmp_path / "m.pt")
