"""Compares hardware faults with ONNX Runtime on operands that hold the corrupted value."""

from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper, numpy_helper

from onnxfi.error_models import load
from onnxfi.error_models.hardware.register_faults import InputFault, WeightFault, corruption_of
from onnxfi.error_models.values.bit_layout import flip_bits
from onnxfi.errors import ErrorModelError
from onnxfi.graph import Model
from onnxfi.injector import Injector
from onnxfi.injector.operations import TargetOperation
from onnxfi.onnx_ir import ir

RNG = np.random.default_rng(11)
_TYPES = {
    "float32": TensorProto.FLOAT,
    "float16": TensorProto.FLOAT16,
    "int8": TensorProto.INT8,
    "uint8": TensorProto.UINT8,
    "int32": TensorProto.INT32,
}


def draw(shape: tuple[int, ...], dtype: str) -> np.ndarray:
    """Draw an operand."""
    if dtype in ("int8", "uint8", "int32"):
        low, high = (0, 256) if dtype == "uint8" else (-100, 100)
        return RNG.integers(low, high, shape).astype(dtype)
    return RNG.normal(size=shape).astype(dtype)


class Case:
    """A model of one operator; all its operands are inputs of the model, so that they may vary."""

    def __init__(
        self,
        op: str,
        x: np.ndarray,
        w: np.ndarray,
        *others: np.ndarray | None,
        output: str = "float32",
        quantised: bool = False,
        **attributes: Any,
    ) -> None:
        """Make the model."""
        self.feeds = {"x": x, "w": w}
        names, nodes = ["x", "w"], []
        constants = []
        for number, other in enumerate(others):
            names.append("" if other is None else f"c{number}")
            if other is not None:
                constants.append(numpy_helper.from_array(other, f"c{number}"))
        if quantised:  # x, w, then scales and zero points, then the bias
            axis = attributes.pop("w_axis", 0)
            nodes += [
                helper.make_node("DequantizeLinear", ["x", "c0", "c1"], ["xf"]),
                helper.make_node("DequantizeLinear", ["w", "c2", "c3"], ["wf"], axis=axis),
            ]
            names = ["xf", "wf", *names[6:]]
        elif op.startswith("QLinear"):
            names = ["x", "c0", "c1", "w", *names[4:]]
        nodes.append(helper.make_node(op, names, ["y"], **attributes))
        graph = helper.make_graph(
            nodes,
            "g",
            [
                helper.make_tensor_value_info(name, _TYPES[a.dtype.name], a.shape)
                for name, a in self.feeds.items()
            ],
            [helper.make_tensor_value_info("y", _TYPES[output], None)],
            constants,
        )
        opsets = [helper.make_opsetid("", 17)]
        proto = helper.make_model(graph, opset_imports=opsets, ir_version=8)
        proto = onnx.shape_inference.infer_shapes(proto)
        options = ort.SessionOptions()
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
        self._session = ort.InferenceSession(
            proto.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
        self.model = Model(ir.serde.deserialize_model(proto))

    def run(self, **changed: np.ndarray) -> np.ndarray:
        """Run the operator, some operands being others."""
        made: np.ndarray = self._session.run(["y"], {**self.feeds, **changed})[0]
        return made

    def tensors(self) -> dict[str, np.ndarray]:
        """Return the operands by name."""
        constants = {
            name: value.const_value.numpy()
            for name, value in self.model.graph.initializers.items()
            if value.const_value is not None
        }
        return {**constants, **self.feeds}


def scale(value: float | list[float]) -> np.ndarray:
    """Return a scale."""
    return np.array(value, np.float32)


def quantised_cases() -> dict[str, Case]:
    """Return operators on integers."""
    x, w = draw((2, 4, 6, 5), "uint8"), draw((6, 2, 3, 2), "int8")
    pads: dict[str, Any] = {"group": 2, "pads": [1, 0, 1, 1], "strides": [2, 1]}
    sw, zw = scale([0.01, 0.02, 0.03, 0.01, 0.02, 0.015]), np.array([0, 1, 0, 3, -2, 0], np.int8)
    zx, bias = np.array(7, np.uint8), RNG.integers(-900, 900, 6).astype(np.int32)
    qlinear = (scale(0.02), zx, sw, np.zeros(6, np.int8), scale(0.07), np.array(120, np.uint8))
    a, b = draw((2, 3, 8), "uint8"), draw((8, 5), "int8")
    ab = (scale(0.02), zx, scale(0.01), np.array(1, np.int8))
    return {
        "ConvInteger": Case("ConvInteger", x, w, zx, output="int32", **pads),
        "MatMulInteger": Case("MatMulInteger", a, b, zx, np.array(3, np.int8), output="int32"),
        "QLinearConv": Case("QLinearConv", x, w, *qlinear, bias, output="uint8", **pads),
        "QLinearMatMul": Case(
            "QLinearMatMul", a, b, *ab, scale(0.05), np.array(99, np.uint8), output="uint8"
        ),
        "QDQ Conv": Case("Conv", x, w, scale(0.02), zx, sw, zw, quantised=True, **pads),
        "QDQ MatMul": Case("MatMul", a, b, *ab, quantised=True),
        "QDQ Gemm": Case("Gemm", a[0], b.T.copy(), *ab, quantised=True, transB=1, alpha=0.5),
    }


def float_cases() -> dict[str, Case]:
    """Return operators on floats."""
    bias = draw((6,), "float32")
    x = draw((2, 4, 7, 5), "float32")
    return {
        "Conv": Case("Conv", x, draw((6, 2, 3, 3), "float32"), bias, group=2, dilations=[2, 1]),
        "SAME_UPPER": Case(
            "Conv", x, draw((6, 4, 2, 3), "float32"), auto_pad="SAME_UPPER", strides=[2, 2]
        ),
        "SAME_LOWER": Case(
            "Conv", x, draw((6, 4, 2, 3), "float32"), auto_pad="SAME_LOWER", strides=[1, 2]
        ),
        "depthwise": Case("Conv", x, draw((8, 1, 3, 3), "float32"), group=4, pads=[1, 1, 1, 1]),
        "1-D": Case("Conv", x[..., 0], draw((6, 4, 3), "float32"), bias),
        "ConvTranspose": Case(
            "ConvTranspose", x, draw((4, 3, 3, 2), "float32"), bias,
            group=2, strides=[2, 3], pads=[1, 0, 0, 1], output_padding=[1, 0],
        ),
        "Gemm": Case(
            "Gemm", x[0, 0], draw((7, 6), "float32"), bias, transA=1, alpha=0.5, beta=2.0
        ),
        "MatMul": Case("MatMul", x, draw((5, 3), "float32")),
        "MatMul stack": Case("MatMul", x, draw((2, 1, 5, 3), "float32")),
        "half MatMul": Case(
            "MatMul", x.astype(np.float16), draw((5, 3), "float16"), output="float16"
        ),
    }  # fmt: skip


CASES = {**quantised_cases(), **float_cases()}


@pytest.mark.parametrize("name", CASES)
def test_operand_faults_equal_onnx_runtime(name: str) -> None:
    """The corruption of the output is what the operator computes from the corrupted operand."""
    case = CASES[name]
    golden = case.run()
    target = case.model.target("y")
    operation = TargetOperation.of(case.model, target).operation(case.tensors(), golden.shape)
    geometry = operation.geometry
    assert geometry.y_shape == golden.shape
    for operand in ("x", "w") * 15:
        changed = np.array(case.feeds[operand])
        bit = np.array([RNG.integers(8 * changed.itemsize)], np.int16)
        if operand == "x":
            index = int(RNG.integers(changed.size))
            fault: InputFault | WeightFault = InputFault(index, int(bit[0]))
        else:
            sizes = (geometry.w_group.size, geometry.w_out.size, geometry.terms)
            group, channel, term = RNG.integers(sizes).tolist()
            fault = WeightFault(group, channel, term, int(bit[0]))
            index = int(
                geometry.w_group[group]
                + geometry.w_out[channel]
                + geometry.w_channel[term // geometry.taps]
                + geometry.w_tap[term % geometry.taps]
            )
        flat = changed.reshape(-1)
        flat[[index]] = flip_bits(flat[[index]], bit)
        expected = case.run(**{operand: changed})
        got = corruption_of(fault, operation, golden).apply(golden)
        if golden.dtype.kind in "iu":
            np.testing.assert_array_equal(got, expected)
            continue
        finite = np.isfinite(got) & np.isfinite(expected)
        # An infinite or NaN operand also meets the zeros of the padding in ONNX Runtime.
        assert (finite | ~np.isfinite(expected)).all()
        size = max(1.0, float(np.abs(changed[np.isfinite(changed)].astype(float)).max()))
        precision = 1e-2 if golden.dtype == np.float16 else 1e-5
        if size < 1e6:
            np.testing.assert_allclose(
                got[finite], expected[finite], rtol=precision, atol=precision * size
            )


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("fault", ["input", "weight", "input16", "weight16", "accumulator"])
def test_the_injector_serves_the_operands(name: str, fault: str) -> None:
    """Injections corrupt outputs, the same whichever order they are drawn in."""
    case = CASES[name]
    with Injector(case.model, "y", operands=True, lanes=1) as injector:
        golden = injector.golden(case.feeds)
        drawn = list(injector.inject(golden, f"register:fault={fault}", count=12))
        again = list(injector.inject(golden, f"register:fault={fault}", count=6, first_id=6))
    assert [x.corruptions for x in drawn[6:]] == [x.corruptions for x in again]
    sizes = [x.corruptions[0].indices.size for x in drawn]
    assert max(sizes) > 0
    if fault == "accumulator":
        assert max(sizes) == 1


def test_without_operands_the_message_says_what_to_do() -> None:
    """An injector that does not keep operands refuses."""
    case = CASES["Conv"]
    with Injector(case.model, "y") as injector:
        golden = injector.golden(case.feeds)
        with pytest.raises(ErrorModelError, match="operands=True"):
            next(iter(injector.inject(golden, "register")))


def test_other_operators_are_refused() -> None:
    """The message lists the operators."""
    with pytest.raises(ErrorModelError, match="ConvTranspose"):
        load("register").prepare(  # type: ignore[attr-defined]
            CASES["QDQ Conv"].model.target("xf"), None
        )


def test_scales_of_input_channels_are_refused() -> None:
    """They are not factors of the sums."""
    x, w = draw((1, 4, 5, 5), "uint8"), draw((4, 4, 3, 3), "int8")
    scales = scale([0.1, 0.2, 0.3, 0.4])
    zero = np.array(0, np.uint8)
    for axis in (0, 1):
        zeros = np.zeros(4, np.int8)
        case = Case("Conv", x, w, scale(0.1), zero, scales, zeros, quantised=True, w_axis=axis)
        golden = case.run()
        operation = TargetOperation.of(case.model, case.model.target("y"))
        if axis == 0:
            assert operation.operation(case.tensors(), golden.shape).scale.size == 4
            continue
        with pytest.raises(ErrorModelError, match="output channel"):
            operation.operation(case.tensors(), golden.shape)
