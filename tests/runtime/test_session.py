"""Sessions: what goes in and comes out, bit by bit, in every dtype."""

from typing import Any

import ml_dtypes
import numpy as np
import onnx
import onnx_ir as ir
import pytest
from onnx import TensorProto, helper, numpy_helper

import onnxfi
from onnxfi.errors import InputError, ModelFormatError
from onnxfi.runtime import Session
from tests.support.small_graphs import FLOAT, chain, node, value

FLOAT8 = ("FLOAT8E4M3FN", "FLOAT8E4M3FNUZ", "FLOAT8E5M2", "FLOAT8E5M2FNUZ")
# Older versions of onnx do not know these.
INT2 = tuple(x for x in ("UINT2", "INT2") if hasattr(TensorProto, x))
BEYOND_NUMPY = ("BFLOAT16", *FLOAT8, "UINT4", "INT4", *INT2)
DTYPES = (*("FLOAT", "FLOAT16", "DOUBLE", "BOOL", "INT8", "UINT8", "INT32", "INT64"), *BEYOND_NUMPY)
TENSOR = helper.make_tensor_type_proto(FLOAT, None)
SEQUENCE = helper.make_sequence_type_proto(TENSOR)
OPTIONAL = helper.make_optional_type_proto(TENSOR)


def session(
    nodes: list[onnx.NodeProto],
    inputs: list[onnx.ValueInfoProto],
    outputs: list[onnx.ValueInfoProto],
    weights: list[onnx.TensorProto] | None = None,
) -> Session:
    graph = helper.make_graph(nodes, "small", inputs, outputs, weights or [])
    types = [x.type.tensor_type.elem_type for x in inputs]
    opset, ir_version = (
        (25, 12) if {TensorProto.DataType.Name(x) for x in types} & {*INT2} else (21, 10)
    )
    proto = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=ir_version
    )
    return Session(onnxfi.load(proto), threads=1)


def transposing(dtype: str) -> Session:
    code = TensorProto.DataType.Value(dtype)
    return session(
        [node("Transpose", "x", "y", perm=[1, 0])],
        [value("x", ["M", "N"], code)],
        [value("y", ["N", "M"], code)],
    )


def every_value(dtype: str) -> np.ndarray:
    """All bit patterns of a dtype; of dtypes beyond 16 bits, random ones and the special floats."""
    numpy_dtype = ir.DataType[dtype].numpy()
    if numpy_dtype == np.bool_:
        return np.array([False, True])
    width = ir.DataType[dtype].bitwidth
    unsigned = f"u{numpy_dtype.itemsize}"
    if width <= 16:
        return np.arange(1 << width, dtype=unsigned).view(numpy_dtype)
    drawn = np.random.default_rng(0).bytes(256 * numpy_dtype.itemsize)
    codes = np.frombuffer(drawn, unsigned).copy()
    if numpy_dtype.kind == "f":  # a NaN with a payload, signalling or not
        codes[:2] = np.array([np.inf, -np.inf], numpy_dtype).view(unsigned) + np.array(5, unsigned)
    return codes.view(numpy_dtype)


@pytest.mark.parametrize("dtype", DTYPES)
def test_every_bit_pattern_survives(dtype: str) -> None:
    column = every_value(dtype).reshape(-1, 1)
    for x in (column, column.T, np.vstack([column, column[:1]])):  # an odd number of int4 as well
        y = transposing(dtype).run({"x": x})["y"]
        assert y.dtype == x.dtype
        assert y.shape == x.T.shape
        assert y.tobytes() == x.T.tobytes()


@pytest.mark.parametrize("dtype", DTYPES)
def test_arrays_of_any_layout(dtype: str) -> None:
    values = every_value(dtype)[:2]
    x = np.resize(values, (6, 10))
    transpose = transposing(dtype)
    for array in (x[:, ::2], x[::-1], np.asfortranarray(x), x[:0], x[:, :0]):
        y = transpose.run({"x": array})["y"]
        assert y.shape == array.T.shape
        assert y.tobytes() == array.T.tobytes()


@pytest.mark.parametrize("dtype", BEYOND_NUMPY)
def test_scalars(dtype: str) -> None:
    code = TensorProto.DataType.Value(dtype)
    identity = session(
        [node("Transpose", "x", "y")], [value("x", [], code)], [value("y", [], code)]
    )
    x = every_value(dtype)[1].reshape(())
    y = identity.run({"x": x})["y"]
    assert y.shape == ()
    assert y.tobytes() == x.tobytes()


@pytest.mark.parametrize("dtype", BEYOND_NUMPY)
def test_large_weights_of_any_dtype(dtype: str) -> None:
    weight = np.resize(every_value(dtype), (3, 2001))
    code = TensorProto.DataType.Value(dtype)
    tensor = ir.serde.serialize_tensor(ir.Tensor(weight, dtype=ir.DataType[dtype], name="w"))
    nodes = [node("Cast", "w", "f", to=FLOAT), node("Add", "f x", "y")]
    run = session(
        nodes,
        [value("x", []), value("unused", [1], code)],
        [value("y", [3, 2001])],
        [tensor],
    ).run
    # An input beyond NumPy, and no such output.
    y = run({"x": np.array(0, np.float32), "unused": every_value(dtype)[:1]})["y"]
    np.testing.assert_array_equal(y, weight.astype(np.float32))


def test_strings() -> None:
    upper = session(
        [node("Transpose", "x", "y")],
        [value("x", [2, 1], TensorProto.STRING)],
        [value("y", [1, 2], TensorProto.STRING)],
    )
    y = upper.run({"x": np.array([["ä"], [""]], object)})["y"]
    assert y.tolist() == [["ä", ""]]


def test_sequences_are_lists_of_arrays() -> None:
    double = session(
        [node("SequenceAt", "s i", "last"), node("SequenceInsert", "s last", "t")],
        [helper.make_value_info("s", SEQUENCE), value("i", [], TensorProto.INT64)],
        [helper.make_value_info("t", SEQUENCE)],
    )
    one, two = np.ones(2, np.float32), np.zeros((3, 1), np.float32)
    feeds: dict[str, Any] = {"s": [one, two], "i": np.array(0)}
    result = double.run(feeds)["t"]
    assert [x.tolist() for x in result] == [one.tolist(), two.tolist(), one.tolist()]


def test_an_absent_optional_is_none() -> None:
    has = session(
        [node("OptionalHasElement", "x", "has"), node("Identity", "x", "y")],
        [helper.make_value_info("x", OPTIONAL)],
        [value("has", [], TensorProto.BOOL), helper.make_value_info("y", OPTIONAL)],
    )
    absent: dict[str, Any] = {"x": None}
    assert has.run(absent) == {"has": np.array(False), "y": None}
    there = has.run({"x": np.ones(1, np.float32)})
    assert there == {"has": np.array(True), "y": np.ones(1, np.float32)}


def test_sequences_do_not_go_beside_dtypes_beyond_numpy() -> None:
    with pytest.raises(ModelFormatError, match=r"got 's' of type seq\(tensor\(float\)\)"):
        session(
            [node("Cast", "x", "b", to=TensorProto.BFLOAT16), node("SequenceLength", "s", "n")],
            [value("x", [1]), helper.make_value_info("s", SEQUENCE)],
            [value("b", [1], TensorProto.BFLOAT16), value("n", [], TensorProto.INT64)],
        )


def test_a_tensor_of_another_dtype_is_refused_not_reinterpreted() -> None:
    with pytest.raises(InputError, match="must be bfloat16, got float16"):
        transposing("BFLOAT16").run({"x": np.ones((1, 1), np.float16)})


@pytest.mark.parametrize("dtype", ["FLOAT", "BFLOAT16"])
def test_what_onnx_runtime_refuses_is_an_input_error(dtype: str) -> None:
    numpy_dtype = ir.DataType[dtype].numpy()
    code = TensorProto.DataType.Value(dtype)
    gather = session(
        [node("Gather", "x i", "y")],
        [value("x", ["N"], code), value("i", ["M"], TensorProto.INT64)],
        [value("y", ["M"], code)],
    )
    x = np.arange(3).astype(numpy_dtype)
    assert gather.run({"x": x, "i": np.array([2])})["y"].tolist() == [2]
    with pytest.raises(InputError, match="out of data bounds"):
        gather.run({"x": x, "i": np.array([3])})
    with pytest.raises(InputError, match="Invalid rank"):
        gather.run({"x": x.reshape(1, 3), "i": np.array([2])})


def test_a_model_without_kernels_is_refused(capfd: pytest.CaptureFixture[str]) -> None:
    code = TensorProto.BFLOAT16
    with pytest.raises(ModelFormatError, match=r"implementation for Relu"):
        session([node("Relu", "x", "y")], [value("x", [1], code)], [value("y", [1], code)])
    assert capfd.readouterr().err == ""


def test_results_do_not_share_memory_between_runs() -> None:
    for model_session, x in (
        (Session(onnxfi.load(chain())), np.ones((1, 4), np.float32)),
        (transposing("BFLOAT16"), np.ones((1, 4), ml_dtypes.bfloat16)),
    ):
        first = model_session.run({"x": x})["y"]
        before = first.copy()
        model_session.run({"x": x + x})
        assert first.tobytes() == before.tobytes()


def test_padding_with_zeros_stays_before_a_max_pooling() -> None:
    pads = onnx.numpy_helper.from_array(np.array([0, 0, 1, 1, 0, 0, 1, 1]), "pads")
    nodes = [
        helper.make_node("Pad", ["x", "pads"], ["padded"]),
        helper.make_node("MaxPool", ["padded"], ["y"], kernel_shape=[3, 3], strides=[3, 3]),
    ]
    x, y = (helper.make_tensor_value_info(name, FLOAT, [1, 1, 4, 4]) for name in ("x", "y"))
    y.type.tensor_type.shape.dim[2].dim_value = y.type.tensor_type.shape.dim[3].dim_value = 2
    feeds = {"x": np.full((1, 1, 4, 4), -1, np.float32)}
    result = session(nodes, [x], [y], [pads]).run(feeds)["y"]
    assert result.max() == 0


def test_weights_that_nothing_reads_are_left_out() -> None:
    unread = numpy_helper.from_array(np.zeros((64, 64), np.float32), "unread")
    opened = session([node("Relu", "x", "y")], [value("x", ["N"])], [value("y", ["N"])], [unread])
    x = np.array([-1, 2], np.float32)
    np.testing.assert_array_equal(opened.run({"x": x})["y"], [0, 2])
