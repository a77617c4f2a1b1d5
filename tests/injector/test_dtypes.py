"""Faults in models of every dtype that ONNX Runtime computes with on a CPU.

Each case runs through all its targets: inputs, weights and activations. The oracle is the model run
by onnx.reference with the tensor overwritten.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import onnx
import onnx_ir as ir
import pytest
from onnx import TensorProto, helper

import onnxfi
from onnxfi.error_models import BitFlip, ErrorModel, RandomValue
from onnxfi.errors import InputError, ModelFormatError
from tests.support.small_graphs import (
    BOOL,
    FLOAT,
    INT64,
    node,
    recent_reference,
    run_overwriting,
    value,
    weights,
)


def model(
    nodes: list[onnx.NodeProto],
    dtype: np.dtype,
    x_shape: list[int | str],
    constants: dict[str, np.ndarray],
    y_shape: list[int | str],
) -> onnx.ModelProto:
    code = ir.DataType.from_numpy(dtype).value
    graph = helper.make_graph(
        nodes,
        "small",
        [value("x", x_shape, code)],
        [value("y", y_shape, code)],
        [
            ir.serde.serialize_tensor(
                ir.Tensor(x, dtype=ir.DataType.from_numpy(x.dtype), name=name)
            )
            for name, x in constants.items()
        ],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)


def convolutional(dtype: np.dtype) -> onnx.ModelProto:
    constants = {
        "k1": weights(4, 2, 3, 3),
        "b1": weights(4, seed=1),
        "scale": np.abs(weights(4, seed=2)),
        "shift": weights(4, seed=3),
        "mean": weights(4, seed=4) / 8,
        "variance": np.abs(weights(4, seed=5)) + 0.5,
        "k2": weights(4, 4, 3, 3, seed=6) / 4,
        "w": weights(4, 5, seed=7),
        "b2": weights(5, seed=8),
    }
    nodes = [
        node("Conv", "x k1 b1", "c1", pads=[1, 1, 1, 1]),
        node("BatchNormalization", "c1 scale shift mean variance", "n"),
        node("Relu", "n", "r"),
        node("Conv", "r k2", "c2", pads=[1, 1, 1, 1]),
        node("Add", "c2 r", "a"),
        node("MaxPool", "a", "p", kernel_shape=[2, 2], strides=[2, 2]),
        node("GlobalAveragePool", "p", "g"),
        node("Flatten", "g", "f"),
        node("Gemm", "f w b2", "l"),
        node("Softmax", "l", "y"),
    ]
    cast = {name: x.astype(dtype) for name, x in constants.items()}
    return model(nodes, dtype, ["N", 2, 6, 6], cast, ["N", 5])


def dense(dtype: np.dtype) -> onnx.ModelProto:
    constants = {
        "w1": weights(6, 8),
        "b1": weights(8, seed=1),
        "scale": np.abs(weights(8, seed=2)),
        "shift": weights(8, seed=3),
        "w2": weights(8, 5, seed=4),
        "b2": weights(5, seed=5),
    }
    nodes = [
        node("MatMul", "x w1", "m"),
        node("Add", "m b1", "h"),
        node("LayerNormalization", "h scale shift", "n"),
        node("Relu", "n", "r"),
        node("Gemm", "r w2 b2", "l"),
        node("Softmax", "l", "y"),
    ]
    cast = {name: x.astype(dtype) for name, x in constants.items()}
    return model(nodes, dtype, ["N", 6], cast, ["N", 5])


def mixed_precision(dtype: np.dtype) -> onnx.ModelProto:
    """Products in float32 between tensors of a dtype that few kernels compute with."""
    code = ir.DataType.from_numpy(dtype).value
    nodes = [
        node("Cast", "x", "xf", to=FLOAT),
        node("Cast", "w1", "wf", to=FLOAT),
        node("MatMul", "xf wf", "m"),
        node("Cast", "m", "h", to=code),
        node("Slice", "h start end one", "n"),
        node("Concat", "n h", "joined", axis=1),
        node("Transpose", "joined", "t"),
        node("Transpose", "t", "u"),
        node("Cast", "u", "uf", to=FLOAT),
        node("Gemm", "uf w2", "l"),
        node("Softmax", "l", "p"),
        node("Cast", "p", "y", to=code),
    ]
    constants = {
        "w1": weights(6, 8).astype(dtype),
        "start": np.array([0]),
        "end": np.array([3]),
        "one": np.array([1]),
        "w2": weights(11, 5, seed=4) / 2,
    }
    return model(nodes, dtype, ["N", 6], constants, ["N", 5])


def between_scales(dtype: np.dtype) -> onnx.ModelProto:
    """Products in float32 between quantised tensors."""
    nodes = [
        node("DequantizeLinear", "x one", "xf"),
        node("DequantizeLinear", "w1 one", "wf"),
        node("MatMul", "xf wf", "m"),
        node("QuantizeLinear", "m scale zero", "q"),
        node("Transpose", "q", "t"),
        node("Transpose", "t", "u"),
        node("DequantizeLinear", "u scale zero", "uf"),
        node("MatMul", "uf w2", "l"),
        node("Softmax", "l", "p"),
        node("QuantizeLinear", "p scale zero", "y"),
    ]
    constants = {
        "w1": np.round(weights(6, 8)).astype(dtype),
        "one": np.array(1, np.float32),
        "scale": np.array(0.0625, np.float32),
        "zero": np.zeros((), dtype),
        "w2": weights(8, 5, seed=4),
    }
    return model(nodes, dtype, ["N", 6], constants, ["N", 5])


@dataclass(frozen=True)
class Case:
    """A model in a dtype; `tolerance` is absolute, on probabilities."""

    make: Callable[[np.dtype], onnx.ModelProto]
    dtype: np.dtype
    tolerance: float

    def __str__(self) -> str:
        """Return a name for the test."""
        return f"{self.make.__name__}-{self.dtype.name}"


CASES = [
    Case(convolutional, np.dtype(np.float16), 2**-9),
    Case(dense, np.dtype(np.float16), 2**-9),
    Case(dense, np.dtype(np.float64), 1e-12),
    Case(mixed_precision, np.dtype(ml_dtypes.bfloat16), 2**-7),
    *(
        Case(between_scales, np.dtype(x), 0)
        for x in (
            ml_dtypes.float8_e4m3fn,
            ml_dtypes.float8_e4m3fnuz,
            ml_dtypes.float8_e5m2,
            ml_dtypes.float8_e5m2fnuz,
            np.int8,
            np.uint8,
            np.int16,
            np.uint16,
        )
    ),
]


def inputs(proto: onnx.ModelProto, dtype: np.dtype) -> dict[str, np.ndarray]:
    dims = proto.graph.input[0].type.tensor_type.shape.dim
    x = weights(*(dim.dim_value or 2 for dim in dims), seed=9)
    return {"x": np.abs(3 * x).astype(dtype) if dtype.kind in "iu" else x.astype(dtype)}


def assert_near(got: np.ndarray, expected: np.ndarray, case: Case, name: str) -> None:
    assert got.dtype == expected.dtype
    wide = np.float64 if got.dtype.kind in "fV" else np.int64
    np.testing.assert_allclose(
        got.astype(wide), expected.astype(wide), rtol=0, atol=case.tolerance, err_msg=name
    )


@pytest.mark.thorough
@pytest.mark.parametrize(
    "case",
    [pytest.param(x, marks=recent_reference if x.dtype.isbuiltin != 1 else ()) for x in CASES],
    ids=str,
)
def test_faults_equal_the_reference_with_the_tensor_overwritten(case: Case) -> None:
    proto = case.make(case.dtype)
    loaded = onnxfi.load(proto)
    feeds = inputs(proto, case.dtype)
    assert {x.kind for x in loaded.targets()} == {"input", "weight", "activation"}
    changed = 0
    for target in loaded.targets():
        # What the bits of a float32 make (1e38, say) is rounded to few bits in ways that no
        # standard tells.
        error_model: ErrorModel = BitFlip()
        if target.dtype == np.float32:
            error_model = RandomValue(0.5, 2.0)
        with onnxfi.Injector(loaded, target, provider="cpu", threads=1) as injector:
            golden = injector.golden(feeds)
            expected, _ = run_overwriting(proto, feeds, target.tensor)
            assert_near(golden.outputs["y"], expected["y"], case, target.tensor)
            assert golden.targets[target.tensor].dtype == target.dtype
            for injection in injector.inject(golden, error_model, count=4, seed=7):
                if not injection.outputs:
                    continue
                corruption = injection.corruption
                faulty, _ = run_overwriting(proto, feeds, target.tensor, corruption.apply)
                assert_near(injection.outputs["y"], faulty["y"], case, target.tensor)
                changed += injection.outcome != "masked"
    assert changed > len(loaded.targets())


@pytest.mark.parametrize("dtype", [ml_dtypes.bfloat16, ml_dtypes.float8_e5m2, np.float16])
def test_every_bit_of_a_corrupted_tensor_reaches_the_output(dtype: type) -> None:
    proto = model([node("Transpose", "x", "y")], np.dtype(dtype), ["N", 4], {}, [4, "N"])
    codes = np.arange(256, dtype=f"u{np.dtype(dtype).itemsize}").reshape(-1, 4)
    # Among them NaNs with a payload.
    corrupted: np.ndarray = (codes * (codes.itemsize * 256 - 255)).view(dtype)
    with onnxfi.Injector(onnxfi.load(proto), "x", provider="cpu") as injector:
        golden = injector.golden({"x": np.zeros_like(corrupted)})
        faulty = injector.resume(golden, corrupted)["y"]
    assert faulty.dtype == dtype
    assert faulty.tobytes() == corrupted.T.tobytes()


def test_bfloat16_inputs_from_a_file(tmp_path: Path) -> None:
    """NumPy writes and reads them as bytes of no dtype."""
    dtype = np.dtype(ml_dtypes.bfloat16)
    proto = mixed_precision(dtype)
    feeds = inputs(proto, dtype)
    arrays: dict[str, Any] = {**feeds}
    np.savez(tmp_path / "x.npz", **arrays)
    with np.load(tmp_path / "x.npz") as file:
        read = dict(file)
    with onnxfi.Injector(onnxfi.load(proto), "m", provider="cpu") as injector:
        from_file = injector.golden(read).outputs["y"]
        assert from_file.tobytes() == injector.golden(feeds).outputs["y"].tobytes()


def test_without_a_kernel_the_error_names_the_target() -> None:
    code = TensorProto.BFLOAT16
    proto = model(
        [
            node("Identity", "x", "a"),
            node("Cast", "a", "f", to=FLOAT),
            node("Exp", "f", "g"),
            node("Cast", "g", "h", to=code),
            node("Relu", "h", "y"),
        ],
        np.dtype(ml_dtypes.bfloat16),
        ["N"],
        {},
        ["N"],
    )
    with pytest.raises(ModelFormatError, match=r"follows the target 'f' .* Relu"):
        onnxfi.Injector(onnxfi.load(proto), "f", provider="cpu")


SEQUENCE = helper.make_sequence_type_proto(helper.make_tensor_type_proto(FLOAT, None))
OPTIONAL = helper.make_optional_type_proto(helper.make_tensor_type_proto(FLOAT, [3]))


def with_types(
    nodes: list[onnx.NodeProto],
    inputs: list[onnx.ValueInfoProto],
    outputs: list[onnx.ValueInfoProto],
) -> onnx.ModelProto:
    graph = helper.make_graph(nodes, "small", inputs, outputs)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)


def test_sequences_cross_a_split() -> None:
    proto = with_types(
        [
            node("Relu", "x", "a"),
            node("SplitToSequence", "x", "parts", axis=0),
            node("SequenceInsert", "parts a", "more"),
            node("SequenceInsert", "given a", "out"),
            node("ConcatFromSequence", "more", "y", axis=0),
        ],
        [value("x", [2, 3]), helper.make_value_info("given", SEQUENCE)],
        [value("y", [None, 3]), helper.make_value_info("out", SEQUENCE)],
    )
    x = weights(2, 3)
    with onnxfi.Injector(onnxfi.load(proto), "a", provider="cpu") as injector:
        assert set(injector.split.boundary) == {"parts", "given"}
        feeds: dict[str, Any] = {"x": x, "given": [x[:1], x[0]]}
        golden = injector.golden(feeds)
        corrupted = golden.target + 1
        faulty = injector.resume(golden, corrupted)
        np.testing.assert_array_equal(faulty["y"], np.concatenate([x, corrupted]))
        for got, expected in zip(faulty["out"], [x[:1], x[0], corrupted], strict=True):
            np.testing.assert_array_equal(got, expected)
        (injection,) = injector.inject(golden, BitFlip(bit=30))
    assert injection.outcome in ("sdc", "due", "benign")


@pytest.mark.parametrize("given", [None, np.ones(3, np.float32)])
def test_optionals_cross_a_split(given: np.ndarray | None) -> None:
    """An If that depends on the target looks into an optional from outside."""
    there = helper.make_graph(
        [node("OptionalGetElement", "maybe", "element"), node("Add", "element a", "sum")],
        "there",
        [],
        [value("sum", [3])],
    )
    absent = helper.make_graph([node("Neg", "a", "minus")], "absent", [], [value("minus", [3])])
    proto = with_types(
        [
            node("Relu", "x", "a"),
            node("OptionalHasElement", "maybe", "has"),
            node("If", "has", "y", then_branch=there, else_branch=absent),
        ],
        [value("x", [3]), helper.make_value_info("maybe", OPTIONAL)],
        [value("y", [3])],
    )
    with onnxfi.Injector(onnxfi.load(proto), "a", provider="cpu") as injector:
        assert set(injector.split.boundary) == {"has", "maybe"}
        feeds: dict[str, Any] = {"x": np.ones(3, np.float32), "maybe": given}
        golden = injector.golden(feeds)
        faulty = injector.resume(golden, np.full(3, 5, np.float32))["y"]
    np.testing.assert_array_equal(faulty, np.full(3, -5 if given is None else 6, np.float32))


def test_texts_cross_a_split() -> None:
    proto = with_types(
        [node("ArgMax", "x", "best", axis=1, keepdims=0), node("Gather", "names best", "y")],
        [value("x", ["N", 3]), value("names", [3], TensorProto.STRING)],
        [value("y", ["N"], TensorProto.STRING)],
    )
    names = np.array(["cat", "", "Käfer"], object)
    with onnxfi.Injector(onnxfi.load(proto), "best", provider="cpu") as injector:
        golden = injector.golden({"x": np.eye(3, dtype=np.float32), "names": names})
        assert golden.outputs["y"].tolist() == names.tolist()
        faulty = injector.resume(golden, np.array([2, 2, 1]))
        assert faulty["y"].tolist() == ["Käfer", "Käfer", ""]
        with pytest.raises(InputError, match="must be a tensor of numbers"):
            list(injector.inject(golden, BitFlip(bit=0), count=8))


@pytest.mark.parametrize(("dtype", "faulty"), [(BOOL, [True, False]), (INT64, [0, -3])])
def test_targets_of_whole_numbers(dtype: int, faulty: list[int]) -> None:
    proto = with_types(
        [node("Cast", "x", "c", to=dtype), node("Cast", "c", "f", to=FLOAT), node("Neg", "f", "y")],
        [value("x", [2])],
        [value("y", [2])],
    )
    with onnxfi.Injector(onnxfi.load(proto), "c", provider="cpu") as injector:
        golden = injector.golden({"x": np.array([0, 2], np.float32)})
        corrupted = np.array(faulty, golden.target.dtype)
        outputs = injector.resume(golden, corrupted)
    assert outputs["y"].tolist() == [-float(x) for x in faulty]
