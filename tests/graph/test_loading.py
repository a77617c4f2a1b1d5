"""Models are loaded from files, from other formats and from memory."""

from pathlib import Path

import numpy as np
import onnx
import onnx_ir as ir
import pytest
from onnx import helper

import onnxfi
from onnxfi.errors import ModelFormatError
from tests.support.small_graphs import (
    SMALL_GRAPHS,
    chain,
    model,
    node,
    skips,
    value,
    weights,
)


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


def test_a_pytorch_file_names_its_export(tmp_path: Path) -> None:
    (tmp_path / "m.pt").write_bytes(b"PK\x03\x04")
    with pytest.raises(ModelFormatError, match=r"m\.pt looks like a PyTorch file\. Export it with"):
        onnxfi.load(tmp_path / "m.pt")


def test_an_undefined_element_type_is_named_without_the_lines_of_onnx_ir(tmp_path: Path) -> None:
    proto = model([node("Relu", "x", "y")], [value("x", [2])], [value("y", [2])])
    proto.graph.output[0].type.tensor_type.elem_type = 128
    (tmp_path / "odd.onnx").write_bytes(proto.SerializeToString())
    for source in (proto, tmp_path / "odd.onnx"):
        with pytest.raises(ModelFormatError, match=r"failed: 128 is not a valid DataType$"):
            onnxfi.load(source)


def test_a_name_that_is_too_long_does_not_exist() -> None:
    with pytest.raises(ModelFormatError, match="does not exist"):
        onnxfi.load("x" * 100_000)
