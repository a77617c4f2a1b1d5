"""QuantizeLinear, DequantizeLinear, and the integer operators of ONNX Runtime."""

from typing import Any

import ml_dtypes
import numpy as np
import onnx
import pytest

import onnxfi
from onnxfi.error_models import BitFlip
from onnxfi.suffix.phases.region import find_push_region
from tests.support.rule_checks import check_rules, of_nodes, one_node
from tests.support.small_graphs import node

F4, I1, U1 = np.float32, np.int8, np.uint8
SHAPE = (1, 3, 5, 7)
INTEGERS = [I1, U1, np.int16, np.uint16]


def scales(axis: int | None, dtype: type) -> dict[str, np.ndarray]:
    """Return scales and zero points: of the tensor, or one for each slice along an axis."""
    rng = np.random.default_rng(0)
    count = () if axis is None else (SHAPE[axis],)
    low, high = (0, 4) if "uint" in str(np.dtype(dtype)) else (-3, 4)
    return {
        "s": np.asarray(rng.uniform(0.01, 2, count), F4),
        "z": np.asarray(rng.integers(low, high, count)).astype(dtype),
    }


@pytest.mark.parametrize("dtype", INTEGERS, ids=lambda x: str(np.dtype(x)))
@pytest.mark.parametrize("axis", [None, 1, -1, 2])
def test_quantise(axis: int | None, dtype: type) -> None:
    attributes: dict[str, Any] = {} if axis is None else {"axis": axis}
    proto = one_node(
        "QuantizeLinear", "x s z", SHAPE, scales(axis, dtype), made=dtype, **attributes
    )
    for seed in range(2):
        assert check_rules(proto, seed) == 0


def test_quantising_to_int4_has_no_rule() -> None:
    """The last of an odd number of infinities becomes another number than the others."""
    weights = scales(None, ml_dtypes.int4)
    proto = one_node("QuantizeLinear", "x s z", SHAPE, weights, made=ml_dtypes.int4)
    (stage,) = onnxfi.split(onnxfi.load(proto), "x").stages
    assert find_push_region(stage).nodes == ()


@pytest.mark.parametrize(
    "dtype", [*INTEGERS, ml_dtypes.int4, ml_dtypes.uint4], ids=lambda x: str(np.dtype(x))
)
@pytest.mark.parametrize("axis", [None, 1, -1, 2])
def test_dequantise(axis: int | None, dtype: type) -> None:
    nodes = [
        node("DequantizeLinear", "x s z", "a", **({} if axis is None else {"axis": axis})),
        node("Relu", "a", "y"),
    ]
    proto = of_nodes(nodes, SHAPE, scales(axis, dtype), dtype=dtype, made={"y": F4})
    for seed in range(2):
        assert check_rules(proto, seed) == 0


def test_dequantise_int32_without_a_zero_point() -> None:
    nodes = [node("DequantizeLinear", "x s", "a"), node("Flatten", "a", "y")]
    weights = {"s": np.array(0.3, F4)}
    check_rules(of_nodes(nodes, SHAPE, weights, dtype=np.int32, made={"y": F4}), 0)


@pytest.mark.parametrize("op", ["QLinearAdd", "QLinearMul"])
@pytest.mark.parametrize("dtype", [I1, U1])
@pytest.mark.parametrize("other", [SHAPE, (3, 1, 1), ()])
def test_integer_arithmetic_of_onnx_runtime(op: str, dtype: type, other: tuple[int, ...]) -> None:
    rng = np.random.default_rng(1)
    weights = {
        "c": np.asarray(rng.integers(0, 100, other), dtype),
        **{name: np.array(x, F4) for name, x in (("s", 0.02), ("t", 0.05), ("u", 0.7))},
        "z": np.array(3, dtype),
    }
    proto = one_node(op, "x s z c t z u z", SHAPE, weights, dtype=dtype, domain="com.microsoft")
    for seed in range(2):
        check_rules(proto, seed)


def blocks(op: str, after: dict[str, object]) -> int:
    """Return how many nodes corruptions are pushed through from an integer tensor."""
    weights: dict[str, np.ndarray] = {
        "s": np.array(0.02, F4),
        "z": np.array(0, I1),
        "c": np.ones(SHAPE, F4),
    }
    inputs = "a c" if op == "Add" else "a"
    nodes = [
        node("DequantizeLinear", "x s z", "a"),
        node(op, inputs, "b", **after),
        node("QuantizeLinear", "b s z", "y"),
    ]
    used = {name: x for name, x in weights.items() if name != "c" or op == "Add"}
    proto = of_nodes(nodes, SHAPE, used, dtype=I1, made={"y": I1})
    (stage,) = onnxfi.split(onnxfi.load(proto), "x").stages
    return len(find_push_region(stage).nodes)


def test_what_onnx_runtime_makes_integer_operators_of_stays_together() -> None:
    """Alone, the float operators would round otherwise."""
    assert blocks("MaxPool", {"kernel_shape": [2, 2]}) == 3
    assert blocks("Relu", {}) == 3
    assert blocks("Add", {}) == 0
    assert blocks("Sigmoid", {}) == 0
    assert blocks("AveragePool", {"kernel_shape": [2, 2]}) == 0


@pytest.mark.parametrize(("op", "pushed"), [("Conv", True), ("Softmax", False)])
def test_quantise_alone_only_before_what_takes_the_integers(op: str, pushed: bool) -> None:
    weights: dict[str, np.ndarray] = {
        "s": np.array(0.02, F4),
        "z": np.array(0, I1),
        "w": np.ones((1, 3, 1, 1), F4),
    }
    nodes = [
        node("QuantizeLinear", "x s z", "a"),
        node("DequantizeLinear", "a s z", "b"),
        node(op, "b w" if op == "Conv" else "b", "y"),
    ]
    used = {name: x for name, x in weights.items() if name != "w" or op == "Conv"}
    (stage,) = onnxfi.split(onnxfi.load(of_nodes(nodes, SHAPE, used, made={"y": F4})), "x").stages
    assert len(find_push_region(stage).nodes) == int(pushed)


def quantised_network() -> onnx.ModelProto:
    """Convolutions, a pooling, an addition and a softmax between quantisations."""

    def quantised(name: str) -> list[onnx.NodeProto]:
        return [
            node("QuantizeLinear", f"{name} s z", f"{name}_q"),
            node("DequantizeLinear", f"{name}_q s z", f"{name}_d"),
        ]

    nodes = [
        *quantised("x"),
        node("DequantizeLinear", "w t z", "w_d"),
        node("Conv", "x_d w_d", "c", pads=[1, 1, 1, 1]),
        node("Relu", "c", "r"),
        *quantised("r"),
        node("MaxPool", "r_d", "p", kernel_shape=[2, 2]),
        *quantised("p"),
        node("Conv", "p_d w_d", "e", pads=[1, 1, 1, 1]),
        *quantised("e"),
        node("Add", "e_d p_d", "f"),
        *quantised("f"),
        node("Flatten", "f_d", "g"),
        *quantised("g"),
        node("Softmax", "g_d", "h"),
        *quantised("h"),
        node("Identity", "h_d", "y"),
    ]
    rng = np.random.default_rng(0)
    weights: dict[str, np.ndarray] = {
        "s": np.array(0.02, F4),
        "t": np.array(0.01, F4),
        "z": np.array(0, I1),
        "w": rng.integers(-50, 50, (3, 3, 3, 3)).astype(I1),
    }
    return of_nodes(nodes, (1, 3, 6, 6), weights, made={"y": F4})


def test_integer_operators_are_the_same_with_propagation() -> None:
    loaded = onnxfi.load(quantised_network())
    feeds = {"x": np.random.default_rng(1).normal(0, 1, (1, 3, 6, 6)).astype(F4)}
    pushed = 0
    for target in loaded.targets():
        if target.tensor in "stz":
            continue
        outputs = []
        for propagation in (True, False):
            with onnxfi.Injector(
                loaded, target, provider="cpu", threads=1, lanes=1, propagation=propagation
            ) as injector:
                pushed += len(find_push_region(injector.split.stages[0]).nodes)
                golden = injector.golden(feeds)
                injections = injector.inject(golden, BitFlip(), count=8)
                outputs.append([x.outputs["y"].tobytes() for x in injections])
        assert outputs[0] == outputs[1], target.tensor
    assert pushed > 20
