"""QuantizeLinear, DequantizeLinear, and the integer operators of ONNX Runtime."""

import ml_dtypes
import numpy as np
import pytest
from rule_checks import check_rules, of_nodes, one_node
from small_graphs import node

import onnxfi
from onnxfi.propagation import find_region

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
    attributes = {} if axis is None else {"axis": axis}
    proto = one_node(
        "QuantizeLinear", "x s z", SHAPE, scales(axis, dtype), made=dtype, **attributes
    )
    for seed in range(4):
        assert check_rules(proto, seed) == 0


def test_quantising_to_int4_has_no_rule() -> None:
    """The last of an odd number of infinities becomes another number than the others."""
    weights = scales(None, ml_dtypes.int4)
    proto = one_node("QuantizeLinear", "x s z", SHAPE, weights, made=ml_dtypes.int4)
    (stage,) = onnxfi.split(onnxfi.load(proto), "x").stages
    assert find_region(stage).steps == ()


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
    for seed in range(4):
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
    for seed in range(4):
        check_rules(proto, seed)


def blocks(op: str, after: dict[str, object]) -> int:
    """Return how many nodes corruptions are pushed through from an integer tensor."""
    weights = {"s": np.array(0.02, F4), "z": np.array(0, I1), "c": np.ones(SHAPE, F4)}
    inputs = "a c" if op == "Add" else "a"
    nodes = [
        node("DequantizeLinear", "x s z", "a"),
        node(op, inputs, "b", **after),
        node("QuantizeLinear", "b s z", "y"),
    ]
    used = {name: x for name, x in weights.items() if name != "c" or op == "Add"}
    proto = of_nodes(nodes, SHAPE, used, dtype=I1, made={"y": I1})
    (stage,) = onnxfi.split(onnxfi.load(proto), "x").stages
    return len(find_region(stage).steps)


def test_what_onnx_runtime_makes_integer_operators_of_stays_together() -> None:
    """Alone, the float operators would round otherwise."""
    assert blocks("MaxPool", {"kernel_shape": [2, 2]}) == 3
    assert blocks("Relu", {}) == 3
    assert blocks("Add", {}) == 0
    assert blocks("Sigmoid", {}) == 0
    assert blocks("AveragePool", {"kernel_shape": [2, 2]}) == 0
