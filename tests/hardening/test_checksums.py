"""Checksums of products: equal without a fault, unequal with one."""

from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

import onnxfi
from onnxfi.errors import InputError
from onnxfi.hardening import Hardened, harden
from onnxfi.hardening.checksums import sum_of_outputs
from onnxfi.hardening.integer_checksums import _digits

CONVOLUTIONS = [
    {"shape": (2, 4, 9, 8), "weights": (6, 4, 3, 3)},
    {"shape": (2, 4, 9, 8), "weights": (6, 2, 3, 2), "group": 2, "strides": [2, 1]},
    {"shape": (1, 4, 9, 8), "weights": (8, 1, 3, 3), "group": 4, "pads": [1, 0, 2, 1]},
    {"shape": (2, 3, 20), "weights": (5, 3, 4), "dilations": [2]},
    {"shape": (2, 3, 9, 9), "weights": (4, 3, 3, 3), "auto_pad": "SAME_UPPER"},
]
GEMMS = [
    {"bias": (7,)},
    {"bias": (1, 7), "transB": 1, "alpha": 0.5, "beta": -2.0},
    {"bias": (3, 1), "transA": 1},
    {"bias": ()},
    {},
]
INTEGERS = [("int8", "int8"), ("uint8", "int8"), ("uint8", "uint8"), ("int8", "uint8")]


def model_of(
    node: onnx.NodeProto,
    x: np.ndarray,
    weights: dict[str, np.ndarray],
    output: int = TensorProto.FLOAT,
    rank: int | None = None,
) -> onnxfi.Model:
    """Make a model of one node and a Neg or Identity behind it; its tensor is called y."""
    kind = helper.np_dtype_to_tensor_dtype(x.dtype)
    dims = ["N"] * (rank or x.ndim)
    graph = helper.make_graph(
        [node, helper.make_node("Identity", ["y"], ["z"])],
        "small",
        [helper.make_tensor_value_info("x", kind, x.shape)],
        [helper.make_tensor_value_info("z", output, [None] * len(dims))],
        [numpy_helper.from_array(v, k) for k, v in weights.items()],
    )
    proto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return onnxfi.load(proto)


def run(model: onnxfi.Model, x: np.ndarray) -> dict[str, Any]:
    """Run a model in ONNX Runtime as any user would, on its first input."""
    proto = onnxfi.onnx_ir.ir.serde.serialize_model(model.ir_model)
    onnx.checker.check_model(proto, full_check=True)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # it warns of weights that could be overridden
    session = onnxruntime.InferenceSession(
        proto.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    names = [x.name for x in session.get_outputs()]
    return dict(zip(names, session.run(None, {session.get_inputs()[0].name: x}), strict=True))


def check(hardened: Hardened, plain: onnxfi.Model, x: np.ndarray) -> None:
    """Check that nothing changes without a fault, and that faults in y raise the alarm."""
    (alarm,) = hardened.alarms
    before, after = run(plain, x), run(hardened.model, x)
    np.testing.assert_array_equal(before["z"], after["z"])
    assert after[alarm].dtype == bool
    assert not after[alarm].any()
    with onnxfi.Injector(hardened.model, "y", provider="cpu") as injector:
        golden = injector.golden({"x": x})
        for injection in injector.inject(golden, "bitflip:bit=30", count=40):
            assert injection.alarms[alarm].any()


@pytest.mark.parametrize("case", CONVOLUTIONS)
def test_convolutions(case: dict[str, Any]) -> None:
    rng = np.random.default_rng(0)
    attributes = {k: v for k, v in case.items() if k not in ("shape", "weights")}
    weights = {
        "w": rng.normal(size=case["weights"]).astype(np.float32),
        "b": rng.normal(size=case["weights"][0]).astype(np.float32),
    }
    x = rng.normal(size=case["shape"]).astype(np.float32)
    plain = model_of(helper.make_node("Conv", ["x", "w", "b"], ["y"], **attributes), x, weights)
    check(harden(plain, abft=["conv"], inputs=[{"x": x}] * 3, false_alarms=0.3), plain, x)


@pytest.mark.parametrize("case", GEMMS)
def test_gemms(case: dict[str, Any]) -> None:
    rng = np.random.default_rng(1)
    attributes = {k: v for k, v in case.items() if k != "bias"}
    x = rng.normal(size=(5, 3) if case.get("transA") else (3, 5)).astype(np.float32)
    weights = {"w": rng.normal(size=(7, 5) if case.get("transB") else (5, 7)).astype(np.float32)}
    names = ["x", "w"]
    if "bias" in case:
        weights["b"] = np.asarray(rng.normal(size=case["bias"]), np.float32)
        names.append("b")
    plain = model_of(helper.make_node("Gemm", names, ["y"], **attributes), x, weights)
    check(harden(plain, abft=["gemm"], inputs=[{"x": x}] * 3, false_alarms=0.3), plain, x)


@pytest.mark.parametrize("shapes", [((4, 5), (5, 6)), ((2, 4, 5), (5, 6)), ((2, 4, 5), (2, 5, 6))])
def test_matrix_products(shapes: tuple[tuple[int, ...], tuple[int, ...]]) -> None:
    rng = np.random.default_rng(2)
    x = rng.normal(size=shapes[0]).astype(np.float32)
    weights = {"w": rng.normal(size=shapes[1]).astype(np.float32)}
    plain = model_of(helper.make_node("MatMul", ["x", "w"], ["y"]), x, weights)
    check(harden(plain, abft=["matmul"], inputs=[{"x": x}] * 3, false_alarms=0.3), plain, x)


def integer_model(kinds: tuple[str, str], op: str) -> tuple[onnxfi.Model, np.ndarray]:
    rng = np.random.default_rng(3)
    x_type, w_type = (np.dtype(x) for x in kinds)
    x_info, w_info = np.iinfo(x_type), np.iinfo(w_type)
    conv = op == "ConvInteger"
    x = rng.integers(x_info.min, x_info.max + 1, (2, 4, 7, 6) if conv else (4, 9)).astype(x_type)
    shape = (6, 2, 3, 3) if conv else (9, 5)
    weights = {
        "w": rng.integers(w_info.min, w_info.max + 1, shape).astype(w_type),
        "x_zero": np.array(rng.integers(0, 20), x_type),
        "w_zero": np.array(rng.integers(0, 20), w_type),
    }
    attributes: dict[str, Any] = {"group": 2, "pads": [1, 1, 1, 1]} if conv else {}
    node = helper.make_node(op, ["x", "w", "x_zero", "w_zero"], ["y"], **attributes)
    return model_of(node, x, weights, TensorProto.INT32), x


@pytest.mark.parametrize(
    ("op", "kinds"),
    # ONNX Runtime has no ConvInteger of int8 inputs and int8 weights.
    [("MatMulInteger", x) for x in INTEGERS] + [("ConvInteger", x) for x in INTEGERS[1:]],
)
def test_every_flip_of_an_integer_product_is_seen(op: str, kinds: tuple[str, str]) -> None:
    plain, x = integer_model(kinds, op)
    hardened = harden(plain, abft=["conv", "matmul"])
    (alarm,) = hardened.alarms
    after = run(hardened.model, x)
    np.testing.assert_array_equal(run(plain, x)["z"], after["z"])
    assert not after[alarm].any()
    size = after["z"].size
    with onnxfi.Injector(hardened.model, "y", provider="cpu") as injector:
        golden = injector.golden({"x": x})
        for bit in range(32):
            for injection in injector.inject(golden, f"bitflip:bit={bit}", count=min(size, 60)):
                assert injection.alarms[alarm].any()


@pytest.mark.parametrize("op", ["ConvInteger", "MatMulInteger"])
@pytest.mark.parametrize("on_alarm", ["zero", "recompute"])
def test_integer_products_are_corrected(op: str, on_alarm: Any) -> None:
    plain, x = integer_model(("uint8", "uint8"), op)
    hardened = harden(plain, abft=["conv", "matmul"], on_alarm=on_alarm)
    good = run(plain, x)["z"]
    np.testing.assert_array_equal(good, run(hardened.model, x)["z"])
    with onnxfi.Injector(hardened.model, "y", provider="cpu") as injector:
        for injection in injector.inject(injector.golden({"x": x}), "bitflip", count=30):
            expected = good.copy()
            if on_alarm == "zero":
                place: list[Any] = list(
                    np.unravel_index(int(injection.corruption.indices[0]), good.shape)
                )
                place[1 if op == "ConvInteger" else -1] = slice(None)  # all channels there
                expected[tuple(place)] = 0
            np.testing.assert_array_equal(injection.outputs["z"], expected)


def test_sums_beyond_32_bits_raise_no_false_alarm() -> None:
    x = np.full((2, 2000), 255, np.uint8)
    weights = {"w": np.full((2000, 50), 255, np.uint8)}
    node = helper.make_node("MatMulInteger", ["x", "w"], ["y"])
    plain = model_of(node, x, weights, TensorProto.INT32)
    check(harden(plain, abft=["matmul"]), plain, x)


@pytest.mark.parametrize("seed", range(6))
def test_sums_of_weights_raise_no_false_alarm(seed: int) -> None:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(2, 147)).astype(np.float32)
    sizes = 10.0 ** rng.uniform(-9, 0, (147, 64))
    weights = {"w": (sizes * rng.choice([-1, 1, 1], sizes.shape)).astype(np.float32)}
    plain = model_of(helper.make_node("MatMul", ["x", "w"], ["y"]), x, weights)
    hardened = harden(plain, parity=["weights"])
    (alarm,) = hardened.alarms
    assert not run(hardened.model, x)[alarm].any()


def test_sums_by_hand() -> None:
    weights = np.arange(2 * 3 * 2).reshape(4, 3, 1)
    np.testing.assert_array_equal(
        sum_of_outputs(weights, 2), [[[0 + 3], [1 + 4], [2 + 5], [6 + 9], [7 + 10], [8 + 11]]]
    )
    numbers = np.array([0, 31, 32, -32, -33, 4095, -123456])
    digits = _digits(numbers)
    assert all(x.min() >= -32 and x.max() <= 31 for x in digits)
    np.testing.assert_array_equal(sum(x * 64**k for k, x in enumerate(digits)), numbers)


def test_a_fault_in_a_weight_is_seen() -> None:
    plain, x = integer_model(("uint8", "uint8"), "ConvInteger")
    hardened = harden(plain, abft=["conv"])
    (alarm,) = hardened.alarms
    with onnxfi.Injector(hardened.model, "w", provider="cpu") as injector:
        golden = injector.golden({"x": x})
        outputs = [x.alarms[alarm].any() for x in injector.inject(golden, "bitflip", count=50)]
    assert all(outputs)


def test_too_few_inputs_for_the_thresholds() -> None:
    rng = np.random.default_rng(4)
    x = rng.normal(size=(2, 3)).astype(np.float32)
    weights = {"w": rng.normal(size=(3, 2)).astype(np.float32)}
    plain = model_of(helper.make_node("MatMul", ["x", "w"], ["y"]), x, weights)
    with pytest.raises(InputError, match="need at least 99 inputs without faults, got 3"):
        harden(plain, abft=["matmul"], inputs=[{"x": x}] * 3)
    with pytest.raises(InputError, match="Give inputs"):
        harden(plain, abft=["matmul"])
    with pytest.raises(InputError, match="protect conv, gemm, matmul, got 'pool'"):
        harden(plain, abft=["pool"])
    with pytest.raises(InputError, match="need a product to check"):
        harden(plain, abft=["conv"])


@pytest.mark.parametrize("op", ["ConvInteger", "MatMulInteger"])
def test_sums_that_overflow_raise_no_alarm(op: str) -> None:
    """Sums of products of the largest numbers exceed int32, on both sides alike."""
    conv = op == "ConvInteger"
    x = np.full((1, 2048, 2, 2) if conv else (2, 4096), 255, np.uint8)
    shape = (1024, 2048, 1, 1) if conv else (4096, 2048)
    weights = {"w": np.random.default_rng(5).integers(100, 128, shape).astype(np.int8)}
    plain = model_of(helper.make_node(op, ["x", "w"], ["y"]), x, weights, TensorProto.INT32)
    hardened = harden(plain, abft=["conv", "matmul"])
    assert not run(hardened.model, x)[hardened.alarms[0]].any()


@pytest.mark.parametrize("scale", [1e-30, 1e-5, 1.0, 1e30])
def test_checksums_of_weights_are_exact(scale: float) -> None:
    rng = np.random.default_rng(6)
    x = np.ones((2, 300), np.float32)
    spread = scale * 10.0 ** rng.uniform(-6, 0, (300, 200))
    weights = {"w": (rng.normal(size=(300, 200)) * spread).astype(np.float32)}
    plain = model_of(helper.make_node("MatMul", ["x", "w"], ["y"]), x, weights)
    hardened = harden(plain, parity=["weights"])
    assert not run(hardened.model, x)[hardened.alarms[0]].any()
    with onnxfi.Injector(hardened.model, "w", provider="cpu") as injector:
        golden = injector.golden({"x": x})
        found = list(injector.inject(golden, "bitflip", count=300))
    missed = [i for i in found if not i.flagged]
    total = float(np.abs(weights["w"].astype(np.float64)).sum())
    for injection in missed:
        (site,) = injection.corruption.indices
        change = abs(float(injection.corruption.values[0]) - float(weights["w"].reshape(-1)[site]))
        assert change < total * 2.0**-51
    assert len(missed) < 30
