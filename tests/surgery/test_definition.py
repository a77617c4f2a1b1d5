"""Low-precision tensors have the values that ONNX defines, on every processor."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

import onnxfi
from onnxfi.runtime import Session
from tests.support.small_graphs import model, node, value, weights

INT8, UINT8, FLOAT16 = TensorProto.INT8, TensorProto.UINT8, TensorProto.FLOAT16
# A little above the largest float16, and what rounds in it.
X = np.array([[1.2345678, 70000.0, -3.7, 1e-9, 300.55, -65519.0]], np.float32)


def run(proto: onnx.ModelProto, feeds: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    return Session(onnxfi.load(proto), threads=1).run(feeds)


def check_bits(proto: onnx.ModelProto, feeds: Mapping[str, np.ndarray]) -> None:
    expected = np.asarray(*ReferenceEvaluator(proto).run(None, dict(feeds)))
    (got,) = run(proto, feeds).values()
    np.testing.assert_array_equal(got, expected)
    assert got.dtype == expected.dtype


@pytest.mark.parametrize("operators", [["Abs"], ["Neg", "Abs"], ["Relu", "Neg", "Abs", "Relu"]])
def test_float16_islands_round_and_overflow(operators: list[str]) -> None:
    nodes = [node("Cast", "x", "t0", to=FLOAT16)]
    nodes += [node(op, f"t{i}", f"t{i + 1}") for i, op in enumerate(operators)]
    nodes += [node("Cast", f"t{len(operators)}", "y", to=TensorProto.FLOAT)]
    with np.errstate(over="ignore"):
        check_bits(model(nodes, [value("x", ["N", 6])], [value("y", ["N", 6])], {}), {"x": X})


def test_float16_in_the_body_of_an_if() -> None:
    body = [
        node("Cast", "x", "half", to=FLOAT16),
        node("Relu", "half", "positive"),
        node("Cast", "positive", "back", to=TensorProto.FLOAT),
    ]
    branch = helper.make_graph(body, "then", [], [value("back", None)])
    other = helper.make_graph([node("Identity", "x", "same")], "else", [], [value("same", None)])
    nodes = [
        helper.make_node("If", ["yes"], ["y"], then_branch=branch, else_branch=other),
    ]
    proto = model(nodes, [value("x", ["N", 6])], [value("y", ["N", 6])], {"yes": np.array(True)})
    with np.errstate(over="ignore"):
        expected = np.maximum(X, 0).astype(np.float16).astype(np.float32)
    assert run(proto, {"x": X})["y"].tolist() == expected.tolist()


def extreme(dtype: type[np.integer[Any]], *shape: int, seed: int = 0) -> np.ndarray:
    """Return integers of which most are the largest: sums of two products pass int16."""
    rng = np.random.default_rng(seed)
    limits = np.iinfo(dtype)
    drawn = rng.integers(limits.min, limits.max + 1, shape)
    drawn[rng.random(shape) < 0.7] = limits.max
    return drawn.astype(dtype)


def product(first: type[np.integer[Any]], second: type[np.integer[Any]], fed: bool, zero: bool):  # type: ignore[no-untyped-def]
    """Return a MatMulInteger, its feeds and its exact result."""
    a, b = extreme(first, 7, 70), extreme(second, 70, 9, seed=1)
    zeros = {"a0": np.array(3, first), "b0": np.array(-5 if second is np.int8 else 5, second)}
    names = "a b a0 b0" if zero else "a b"
    constants: dict[str, np.ndarray] = (zeros if zero else {}) | ({} if fed else {"b": b})
    kind = {np.int8: INT8, np.uint8: UINT8}
    inputs = [value("a", [7, 70], kind[first])] + [value("b", [70, 9], kind[second])] * fed
    proto = model(
        [node("MatMulInteger", names, "y")],
        inputs,
        [value("y", [7, 9], TensorProto.INT32)],
        constants,
    )
    wide = [x.astype(np.int64) - (int(zeros[n]) if zero else 0) for x, n in ((a, "a0"), (b, "b0"))]
    return proto, {"a": a} | ({"b": b} if fed else {}), wide[0] @ wide[1]


@pytest.mark.parametrize("zero", [False, True])
@pytest.mark.parametrize("fed", [False, True])
@pytest.mark.parametrize("second", [np.int8, np.uint8])
@pytest.mark.parametrize("first", [np.int8, np.uint8])
def test_sums_of_integer_products_are_exact(
    first: type[np.integer[Any]], second: type[np.integer[Any]], fed: bool, zero: bool
) -> None:
    proto, feeds, exact = product(first, second, fed, zero)
    np.testing.assert_array_equal(run(proto, feeds)["y"], exact)


@pytest.mark.parametrize("per_channel", [False, True])
@pytest.mark.parametrize("op", ["QLinearConv", "ConvInteger", "QLinearMatMul"])
def test_quantised_operators_do_not_saturate(op: str, per_channel: bool) -> None:
    """Against the reference, with uint8 activations and int8 weights."""
    is_conv = "Conv" in op
    x = extreme(np.uint8, *((1, 16, 5, 5) if is_conv else (4, 144)))
    w = extreme(np.int8, *((6, 16, 3, 3) if is_conv else (144, 6)), seed=1)
    channels = (6,) if per_channel else ()
    scales = {"xs": np.float32(0.02), "ys": np.float32(500.0), "yz": np.uint8(100)}
    constants = {
        "w": w,
        "xz": np.array(3, np.uint8),
        "wz": np.zeros(channels, np.int8),
        "ws": np.full(channels, 0.01, np.float32),
        **{name: np.array(x) for name, x in scales.items()},
    }
    names = "x w xz wz" if op == "ConvInteger" else "x xs xz w ws wz ys yz"
    if op == "ConvInteger" and per_channel:
        names = "x w xz"  # without a zero point of the weight
    dtype = TensorProto.INT32 if op == "ConvInteger" else UINT8
    used = {name: constants[name] for name in names.split() if name != "x"}
    proto = model([node(op, names, "y")], [value("x", list(x.shape), UINT8)], [], used)
    proto.graph.output.append(value("y", None, dtype))
    check_bits(proto, {"x": x})


def test_flips_in_a_weight_of_mixed_signedness() -> None:
    """A weight that is fed as the target is multiplied as exactly as a constant one."""
    proto, feeds, _ = product(np.uint8, np.int8, False, True)
    with onnxfi.Injector(onnxfi.load(proto), "b", provider="cpu") as injector:
        golden = injector.golden(feeds)
        for injection in injector.inject(golden, onnxfi.error_models.BitFlip(), count=5):
            b = injection.corruption.apply(golden.target).astype(np.int64) + 5
            exact = (feeds["a"].astype(np.int64) - 3) @ b
            np.testing.assert_array_equal(injection.outputs["y"], exact)


def quantised_chain() -> onnx.ModelProto:
    """Return two Conv with Relu between quantisations, as exporters write them."""

    def quantised(name: str) -> list[onnx.NodeProto]:
        return [
            node("QuantizeLinear", f"{name} s z", f"{name}_q"),
            node("DequantizeLinear", f"{name}_q s z", f"{name}_d"),
        ]

    nodes = [
        *quantised("x"),
        node("Conv", "x_d k1", "c1", pads=[1, 1, 1, 1]),
        node("Relu", "c1", "r1"),
        *quantised("r1"),
        node("Conv", "r1_d k2", "c2", pads=[1, 1, 1, 1]),
        *quantised("c2"),
        node("Flatten", "c2_d", "y"),
    ]
    constants: dict[str, np.ndarray] = {
        "s": np.array(0.03, np.float32),
        "z": np.array(120, np.uint8),
        "k1": weights(4, 2, 3, 3),
        "k2": weights(3, 4, 3, 3, seed=1),
    }
    return model(nodes, [value("x", ["N", 2, 6, 6])], [value("y", ["N", 108])], constants)


def test_the_golden_outputs_of_a_quantised_model_have_the_same_bits_for_every_target() -> None:
    proto = quantised_chain()
    loaded = onnxfi.load(proto)
    x = weights(3, 2, 6, 6, seed=5)
    whole = run(proto, {"x": x})["y"]
    targets = loaded.targets(kind="activation")
    assert len(targets) > 8
    for target in targets:
        with onnxfi.Injector(loaded, target, provider="cpu", threads=1) as injector:
            golden = injector.golden({"x": x})
            assert golden.outputs["y"].tobytes() == whole.tobytes(), target.tensor


def test_models_of_full_precision_are_not_taken_for_others() -> None:
    images = model(
        [node("Cast", "x", "f", to=TensorProto.FLOAT), node("Relu", "f", "y")],
        [value("x", ["N", 3], UINT8)],
        [value("y", ["N", 3])],
        {},
    )
    assert not onnxfi.load(images).is_low_precision
    assert onnxfi.load(quantised_chain()).is_low_precision
    initializer = numpy_helper.from_array(np.zeros(3, np.float16), "w")
    half = model([node("Cast", "w", "y", to=TensorProto.FLOAT)], [], [value("y", [3])], {})
    half.graph.initializer.append(initializer)
    assert onnxfi.load(half).is_low_precision
