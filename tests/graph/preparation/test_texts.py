"""Tests models with texts that are not UTF-8."""

import onnx
import pytest
from onnx import TensorProto, helper

from onnxfi.errors import ModelFormatError
from onnxfi.graph import load
from onnxfi.graph.preparation.texts import with_readable_texts

PLAIN, BROKEN = b"ABCDEFG", b"ABC\xd7EFG"


def make_model(**changes: str) -> onnx.ModelProto:
    """Make a model with the text ABCDEFG at one place, and break it there."""
    text = PLAIN.decode()
    node = helper.make_node(
        "Cast",
        ["x"],
        [text if "value" in changes else "y"],
        name=text if "node" in changes else "cast",
        to=TensorProto.FLOAT,
        doc_string=text if "doc" in changes else None,
    )
    graph = helper.make_graph(
        [node],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 4])],
        [helper.make_tensor_value_info(node.output[0], TensorProto.FLOAT, [1, 4])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    if "producer" in changes:
        model.producer_name = text
    if "metadata" in changes:
        model.metadata_props.add(key="author", value=text)
    if "key" in changes:
        model.metadata_props.add(key=text, value="someone")
    return onnx.load_from_string(model.SerializeToString().replace(PLAIN, BROKEN))


def test_a_readable_model_is_returned_itself() -> None:
    model = onnx.load_from_string(make_model().SerializeToString())
    assert with_readable_texts(model) is model


@pytest.mark.parametrize("place", ["producer", "metadata", "doc"])
def test_a_description_is_mended(place: str) -> None:
    model = make_model(**{place: "broken"})
    before = model.SerializeToString()
    assert [x.tensor for x in load(model).targets(kind="activation")] == ["y"]
    mended = with_readable_texts(model).SerializeToString()
    assert BROKEN not in mended
    assert "ABC\ufffdEFG".encode() in mended
    assert model.SerializeToString() == before  # the caller's model is as it was


@pytest.mark.parametrize(
    ("place", "named"), [("node", "name"), ("value", "output"), ("key", "key")]
)
def test_a_name_is_refused(place: str, named: str) -> None:
    with pytest.raises(ModelFormatError, match=rf"UTF-8, and the {named} .*xd7"):
        load(make_model(**{place: "broken"}))


def test_a_text_of_an_attribute_is_refused() -> None:
    node = helper.make_node("Conv", ["x", "w"], ["y"], auto_pad=PLAIN.decode())
    graph = helper.make_graph([node], "g", [], [])
    content = helper.make_model(graph).SerializeToString().replace(PLAIN, BROKEN)
    with pytest.raises(ModelFormatError, match="UTF-8, and the s "):
        load(onnx.load_from_string(content))
