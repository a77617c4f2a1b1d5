"""Choosing targets of a model."""

from typing import Any

import pytest
from onnx import helper

import onnxfi
from onnxfi.converters import METADATA_KEY, Layer, dump_layers
from onnxfi.errors import InputError, TargetNotFoundError
from onnxfi.graph.choosing.selection import Exclusion, LeftOut, Selection, check_index, select
from tests.support.small_graphs import (
    INT64,
    SMALL_GRAPHS,
    chain,
    integers,
    model,
    node,
    skips,
    value,
)


def chosen(loaded: onnxfi.Model, **wanted: Any) -> list[str]:
    return [x.tensor for x in select(loaded, Selection(**wanted)).targets]


@pytest.fixture
def layered() -> onnxfi.Model:
    proto = skips()
    layers = [
        Layer("aux/conv", "Conv2D", tensor="r1", operator_tensor="c1"),
        Layer("main/conv", "Conv2D", tensor="c2"),
        Layer("main/pool", "MaxPooling2D", tensor="p"),
    ]
    helper.set_model_props(proto, {METADATA_KEY: dump_layers(layers)})
    return onnxfi.load(proto)


def test_patterns_of_tensors_layers_and_nodes(layered: onnxfi.Model) -> None:
    assert chosen(layered, tensors=("c?",)) == ["c1", "c2", "c3"]
    assert chosen(layered, tensors=("main/*",)) == ["c2", "p"]  # outputs of layers
    assert chosen(layered, tensors=("node_c[12]",)) == ["c1", "c2"]
    assert chosen(layered, tensors=("k*", "x")) == ["x", "k1", "k2", "k3"]
    assert chosen(layered, kind="activation", layers=("main/*",)) == ["c2", "p"]
    assert chosen(layered, layers=("main/pool",)) == ["p"]
    with pytest.raises(TargetNotFoundError, match=r"'nothing\*' matches none"):
        chosen(layered, tensors=("c1", "nothing*"))


def test_names_that_look_like_patterns_mean_themselves() -> None:
    proto = model(
        [node("Relu", "x", "a[0]"), node("Neg", "a[0]", "a0"), node("Abs", "a0", "y")],
        [value("x", [2])],
        [value("y", [2])],
    )
    assert chosen(onnxfi.load(proto), tensors=("a[0]",)) == ["a[0]"]


def test_exclusion(layered: onnxfi.Model) -> None:
    def without(**exclude: Any) -> list[str]:
        return chosen(layered, kind="activation", exclude=Exclusion(**exclude))

    everything = chosen(layered, kind="activation")
    assert without(layers=("aux*",)) == [x for x in everything if x not in ("c1", "r1")]
    assert without(ops=("Conv", "Softmax")) == ["r1", "s", "p", "u", "cat", "g", "f"]
    assert without(tensors=("c*", "main/pool")) == ["r1", "s", "u", "g", "f", "y"]
    assert without(tensors=("none*",)) == everything
    with pytest.raises(TargetNotFoundError, match="'c9'"):
        without(tensors=("c9",))
    exclude = Exclusion(kinds=("weight",), dtypes=("int",))
    assert chosen(layered, exclude=exclude) == ["x", *everything]


def test_dtypes() -> None:
    loaded = onnxfi.load(integers())
    assert chosen(loaded, kind="activation", dtypes=("int",)) == ["best"]
    assert chosen(loaded, kind="activation", dtypes=("bool", "int64")) == ["best", "above"]
    assert chosen(loaded, kind="activation", dtypes=("float32",)) == [
        "peak",
        "peak_or",
        "kept",
        "y",
    ]
    assert chosen(loaded, dtypes=("float",), exclude=Exclusion(kinds=("input", "weight"))) == [
        *("peak", "peak_or", "kept", "y")
    ]


@pytest.mark.parametrize(
    ("index", "expected"),
    [(0, ["c1"]), (-1, ["c3"]), ("1", ["c2"]), ("1:", ["c2", "c3"]), (":-1", ["c1", "c2"])],
)
def test_index_counts_what_the_rest_chose(index: int | str, expected: list[str]) -> None:
    assert chosen(onnxfi.load(skips()), kind="activation", ops=("Conv",), index=index) == expected


@pytest.mark.parametrize("index", ["a", "", "1:2:0", "1.5", "--1", ":::"])
def test_index_that_is_none(index: str) -> None:
    with pytest.raises(InputError, match="such as 3, -1 or 2:8"):
        check_index(index)


@pytest.mark.parametrize("index", [3, -4, "3:", "2:1"])
def test_index_outside(index: int | str) -> None:
    with pytest.raises(InputError, match=f"the 3 targets .* got {index}"):
        chosen(onnxfi.load(skips()), kind="activation", ops=("Conv",), index=index)


def test_nothing_chosen_says_which_filter_removed_how_many() -> None:
    exclude = Exclusion(tensors=("c*",))
    with pytest.raises(InputError) as caught:
        chosen(onnxfi.load(skips()), kind="activation", ops=("Conv",), exclude=exclude)
    message = str(caught.value)
    assert "{kind: activation, ops: [Conv], exclude: {tensors: [c*]}} chooses none" in message
    assert "of 11 activations, ops removed 8, exclude removed 3." in message
    with pytest.raises(InputError, match="of 1 targets that it names, kind removed 1"):
        chosen(onnxfi.load(skips()), kind="weight", tensors=("c1",))
    with pytest.raises(InputError, match=r"1 that reach no output.*--include-shapes"):
        chosen(onnxfi.load(SMALL_GRAPHS["dead_end"]()), ops=("Exp",))


def test_node_names_that_several_nodes_have() -> None:
    proto = chain()
    for each in proto.graph.node[:2]:
        each.name = "same"
    loaded = onnxfi.load(proto)
    with pytest.raises(TargetNotFoundError, match=r"2 nodes .* 'same'.*'a', 'b'"):
        loaded.target("same")
    with pytest.raises(TargetNotFoundError, match="2 nodes"):
        chosen(loaded, tensors=("same",))
    assert chosen(loaded, tensors=("sam*",)) == ["a", "b"]


def test_shapes_and_what_reaches_no_output_are_left_out() -> None:
    proto = model(
        [
            node("Shape", "x", "shape"),
            node("Gather", "shape zero", "length"),
            node("Concat", "length rest", "sizes", axis=0),
            node("Reshape", "x sizes", "flat"),
            node("Exp", "flat", "nowhere"),
            node("Relu", "flat", "y"),
        ],
        [value("x", ["N", 2, 3])],
        [value("y", None)],
        {},
    )
    for name, numbers in (("zero", [0]), ("rest", [-1])):
        proto.graph.initializer.append(helper.make_tensor(name, INT64, [1], numbers))
    loaded = onnxfi.load(proto)
    selected = select(loaded, Selection(kind="activation"))
    assert [x.tensor for x in selected.targets] == ["flat", "y"]
    assert selected.left_out == LeftOut(shapes=3, unread=1)
    assert [x.tensor for x in loaded.targets(kind="activation")] == ["flat", "y"]
    whole = ["shape", "length", "sizes", "flat", "nowhere", "y"]
    assert chosen(loaded, kind="activation", include_shapes=True) == whole
    listed = loaded.targets(kind="activation", include_shapes=True)
    assert [x.tensor for x in listed] == whole
    # Those that are named are taken; a pattern names none.
    named = select(loaded, Selection(tensors=("sizes", "nowhere", "f*", "s*")))
    assert [x.tensor for x in named.targets] == ["sizes", "flat", "nowhere"]
    assert named.left_out == LeftOut(shapes=1)
