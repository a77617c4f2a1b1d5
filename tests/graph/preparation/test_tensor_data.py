"""Tests constants whose values do not fit their shapes."""

from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from onnxfi.errors import ModelFormatError
from onnxfi.graph import load
from onnxfi.graph.preparation.tensor_data import check_tensor_data

#: Changes a tensor of shape (2, 3), float32, in raw_data.
Damage = Callable[[TensorProto], object]


def raw(size: int) -> Damage:
    return lambda tensor: setattr(tensor, "raw_data", bytes(size))


def as_floats(count: int) -> Damage:
    def change(tensor: TensorProto) -> None:
        tensor.ClearField("raw_data")
        tensor.float_data.extend([1.0] * count)

    return change


def shaped(*shape: int) -> Damage:
    def change(tensor: TensorProto) -> None:
        del tensor.dims[:]
        tensor.dims.extend(shape)

    return change


def typed(element_type: int) -> Damage:
    return lambda tensor: setattr(tensor, "data_type", element_type)


def external(**entries: str) -> Damage:
    def change(tensor: TensorProto) -> None:
        tensor.ClearField("raw_data")
        tensor.data_location = TensorProto.EXTERNAL
        for key, value in {"location": "w.bin", **entries}.items():
            tensor.external_data.add(key=key, value=value)

    return change


def model_with(weight: TensorProto, where: str) -> onnx.ModelProto:
    """Make a model with a constant as an initializer, in a Constant, or in the body of an If."""
    info = helper.make_tensor_value_info
    constant = helper.make_node("Constant", [], ["w"], value=weight)
    if where == "initializer":
        nodes = [helper.make_node("Add", ["x", "w"], ["y"])]
    elif where == "constant":
        nodes = [constant, helper.make_node("Add", ["x", "w"], ["y"])]
    else:
        body = helper.make_graph([constant], "body", [], [info("w", TensorProto.FLOAT, None)])
        condition = helper.make_node("IsInf", ["x"], ["c"])
        nodes = [
            condition,
            helper.make_node("If", ["c"], ["y"], then_branch=body, else_branch=body),
        ]
    graph = helper.make_graph(
        nodes,
        "g",
        [info("x", TensorProto.FLOAT, [])],
        [info("y", TensorProto.FLOAT, None)],
        [weight] if where == "initializer" else [],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)


@pytest.mark.parametrize("where", ["initializer", "constant", "body"])
@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (raw(4), r"'w' holds 4 bytes, and its shape \(2, 3\) of FLOAT has 6 elements"),
        (raw(40), "holds 40 bytes"),
        (raw(0), "holds 0 bytes"),
        (as_floats(7), "holds 7 entries in float_data"),
        (as_floats(0), "holds 0 entries"),
        (shaped(2, 4), r"shape \(2, 4\) of FLOAT has 8 elements"),
        (shaped(-2, -3), r"at least 0, and 'w' has the shape \(-2, -3\)"),
        (shaped(2**62, 2**62), "holds 24 bytes"),
        (typed(0), "element type 0, which ONNX does not define"),
        (typed(99), "element type 99"),
        (typed(TensorProto.DOUBLE), "of DOUBLE has 6 elements"),
        (typed(TensorProto.STRING), "holds 0 texts"),
        (external(length="25"), "holds 25 bytes in an external file"),
        (external(length="-24"), "The length of the external tensor 'w' must be a number"),
        (external(offset="0x8"), "The offset of the external tensor 'w' must be a number"),
    ],
)
def test_a_misfit_is_refused(damage: Damage, message: str, where: str) -> None:
    weight = numpy_helper.from_array(np.ones((2, 3), np.float32), "w")
    damage(weight)
    with pytest.raises(ModelFormatError, match=message):
        load(model_with(weight, where))


def test_a_sparse_tensor_that_would_fill_the_memory_is_refused() -> None:
    values = numpy_helper.from_array(np.ones(2, np.float32), "w")
    indices = numpy_helper.from_array(np.array([1, 5]), "i")
    sparse = helper.make_sparse_tensor(values, indices, [2**17, 2**17])
    graph = helper.make_graph([], "g", [], [], sparse_initializer=[sparse])
    with pytest.raises(ModelFormatError, match=r"'w' of shape .* would take 64 GiB"):
        load(helper.make_model(graph))
    del sparse.dims[:]
    sparse.dims.extend([4, 4])
    indices.dims[:] = [2, 3]
    indices.raw_data = bytes(48)
    sparse.indices.CopyFrom(indices)
    graph = helper.make_graph([], "g", [], [], sparse_initializer=[sparse])
    with pytest.raises(ModelFormatError, match="must have one index for each value"):
        load(helper.make_model(graph))


@pytest.mark.parametrize("element_type", sorted(helper.get_all_tensor_dtypes()))
@pytest.mark.parametrize("elements", [0, 1, 5])
def test_what_onnx_makes_of_each_type_fits(element_type: int, elements: int) -> None:
    values: Any = [b"a" if element_type == TensorProto.STRING else 1] * elements
    made = helper.make_tensor("w", element_type, [elements], values)
    check_tensor_data(model_with(made, "constant"))
