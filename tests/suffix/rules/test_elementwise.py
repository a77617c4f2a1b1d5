"""Elementwise rules give the bits of dense tensors."""

from itertools import permutations
from typing import Any

import numpy as np
import onnx
import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

import onnxfi
from onnxfi.suffix.phases.region import find_push_region
from tests.support.rule_checks import check_rules, of_nodes, one_node, values_of_all_kinds
from tests.support.small_graphs import node

F2, F4, F8 = np.float16, np.float32, np.float64
FLOATS, INTEGERS = (F4, F8), (np.int8, np.uint8, np.int32, np.int64)
UNARY: list[tuple[str, tuple[type, ...], dict[str, Any]]] = [
    ("Abs", (F2, *FLOATS, *INTEGERS), {}),
    ("Neg", (F2, *FLOATS, np.int8, np.int32), {}),
    ("Relu", (F2, *FLOATS, np.int8, np.int32), {}),
    ("Sign", (F2, *FLOATS, *INTEGERS), {}),
    ("Ceil", (F2, *FLOATS), {}),
    ("Floor", (F2, *FLOATS), {}),
    ("Round", (F2, *FLOATS), {}),
    ("Sqrt", FLOATS, {}),
    ("Reciprocal", FLOATS, {}),
    ("LeakyRelu", (F4,), {"alpha": 0.1}),
    ("ThresholdedRelu", (F4,), {"alpha": 0.7}),
    ("HardSigmoid", (F4,), {"alpha": 0.3, "beta": 0.4}),
    ("HardSwish", (F4,), {}),
    ("Softsign", (F4,), {}),
    ("Sigmoid", (F4,), {}),
    ("Tanh", (F4,), {}),
    ("Exp", (F4,), {}),
    ("Erf", (F4,), {}),
    ("Gelu", (F4,), {}),
    ("Gelu", (F4,), {"approximate": "tanh"}),
]
BINARY: list[tuple[str, tuple[type, ...]]] = [
    ("Add", (*FLOATS, *INTEGERS)),
    ("Sub", (*FLOATS, *INTEGERS)),
    ("Mul", (*FLOATS, *INTEGERS)),
    ("Div", FLOATS),
    ("Max", (F2, *FLOATS, *INTEGERS)),
    ("Min", (F2, *FLOATS, *INTEGERS)),
    ("Sum", FLOATS),
]
seeds = st.integers(0, 2**32)


def any_shape(seed: int) -> tuple[int, ...]:
    rng = np.random.default_rng(seed)
    return (1, *(int(rng.integers(1, most)) for most in (6, 10, 41)))


# Not simple ones first: a single element tells little.
shapes = seeds.map(any_shape)


def few(test: Any) -> Any:
    generate = [Phase.explicit, Phase.generate]
    return settings(
        max_examples=2, deadline=None, derandomize=True, database=None, phases=generate
    )(test)


def broadcast(shape: tuple[int, ...], how: int) -> tuple[int, ...]:
    return [(), shape, (shape[1], 1, 1), (shape[3],)][how]


@pytest.mark.parametrize(
    ("op", "dtype", "attributes"),
    [
        pytest.param(op, dtype, attributes, id=f"{op} {np.dtype(dtype)} {attributes or ''}")
        for op, dtypes, attributes in UNARY
        for dtype in dtypes
    ],
)
@few
@given(shape=shapes, seed=seeds)
def test_one_operand(
    op: str, dtype: type, attributes: dict[str, Any], shape: tuple[int, ...], seed: int
) -> None:
    opset = 22 if op == "HardSwish" and dtype != F4 else 20
    check_rules(one_node(op, "x", shape, dtype=dtype, opset=opset, **attributes), seed)


@pytest.mark.parametrize(
    ("op", "dtype"),
    [pytest.param(op, dtype, id=f"{op} {np.dtype(dtype)}") for op, xs in BINARY for dtype in xs],
)
@few
@given(shape=shapes, seed=seeds, how=st.integers(0, 3), first=st.booleans())
@example(shape=(1, 3, 5, 7), seed=1, how=1, first=True)
def test_two_operands(
    op: str, dtype: type, shape: tuple[int, ...], seed: int, how: int, first: bool
) -> None:
    rng = np.random.default_rng(seed)
    other = broadcast(shape, how)
    c = values_of_all_kinds(rng, int(np.prod(other)), dtype).reshape(other)
    if seed % 2 and c.dtype.kind == "f":
        c = np.copysign(np.zeros_like(c), c)
    proto = one_node(op, "x c" if first else "c x", shape, {"c": c}, dtype=dtype)
    check_rules(proto, seed, zeros=bool(seed % 2))


@pytest.mark.parametrize("op", ["Add", "Mul", "Max", "Min", "PRelu"])
@pytest.mark.parametrize("number", [np.nan, -0.0, 0.0])
@pytest.mark.parametrize("other", [(), (3, 1, 1)])
def test_what_the_place_decides_is_refused(op: str, number: float, other: tuple[int, ...]) -> None:
    """Which of two NaN is handed on, and which of two zeros of different signs."""
    bits = np.full(other, number, F4).view(np.uint32) | (0x155 if np.isnan(number) else 0)
    c = np.asarray(bits, np.uint32).view(F4)
    for inputs in ("x c",) if op == "PRelu" else ("x c", "c x"):
        for seed in range(2):
            check_rules(one_node(op, inputs, (1, 3, 5, 7), {"c": c}), seed)


@pytest.mark.parametrize("op", ["Equal", "Less", "GreaterOrEqual"])
@pytest.mark.parametrize("dtype", [F4, np.int32])
@few
@given(shape=shapes, seed=seeds, how=st.integers(0, 3))
def test_comparisons(op: str, dtype: type, shape: tuple[int, ...], seed: int, how: int) -> None:
    c: np.ndarray = np.random.default_rng(seed).integers(-1, 2, broadcast(shape, how)).astype(dtype)
    check_rules(one_node(op, "x c", shape, {"c": np.asarray(c)}, dtype=dtype, made=bool), seed)


@pytest.mark.parametrize("op", ["And", "Or", "Xor", "Not"])
def test_logic(op: str) -> None:
    c = (
        {}
        if op == "Not"
        else {"c": np.random.default_rng(0).integers(0, 2, (3, 1, 1)).astype(bool)}
    )
    assert check_rules(one_node(op, "x c" if c else "x", (1, 3, 5, 7), c, dtype=bool), 0) == 0


@pytest.mark.parametrize("op", ["IsNaN", "IsInf"])
def test_what_is_no_number(op: str) -> None:
    assert check_rules(one_node(op, "x", (1, 3, 5, 7), made=bool, opset=20), 0) == 0


@pytest.mark.parametrize(
    ("inputs", "dtype"), [("c x d", F4), ("c d x", F4), ("x d e", bool), ("c x d", np.int8)]
)
@few
@given(shape=shapes, seed=seeds, how=st.integers(0, 3))
def test_where(inputs: str, dtype: type, shape: tuple[int, ...], seed: int, how: int) -> None:
    rng = np.random.default_rng(seed)
    made = F4 if dtype is bool else dtype
    given_inputs = {
        "c": rng.integers(0, 2, shape).astype(bool),
        "d": values_of_all_kinds(rng, int(np.prod(shape)), made).reshape(shape),
        "e": np.array(values_of_all_kinds(rng, 1, made)[0]),
    }
    used = {name: x for name, x in given_inputs.items() if name in inputs.split()}
    check_rules(one_node("Where", inputs, shape, used, dtype=dtype, made=made), seed)


@few
@given(shape=shapes, seed=seeds, how=st.integers(0, 3))
def test_prelu(shape: tuple[int, ...], seed: int, how: int) -> None:
    slope = np.asarray(np.random.default_rng(seed).normal(0, 1, broadcast(shape, how)), F4)
    check_rules(one_node("PRelu", "x s", shape, {"s": slope}), seed)


@pytest.mark.parametrize("exponent", [2, 3, 0.5, 1, -1, 0])
@few
@given(shape=shapes, seed=seeds)
def test_constant_powers(exponent: float, shape: tuple[int, ...], seed: int) -> None:
    check_rules(one_node("Pow", "x e", shape, {"e": np.array(exponent, F4)}), seed)


@pytest.mark.parametrize("shape", [(1, 1), (1, 3)])
def test_powers_of_a_single_element(shape: tuple[int, ...]) -> None:
    for inputs in ("x e", "e x"):
        proto = one_node("Pow", inputs, shape, {"e": np.array(3, F4)})
        for seed in range(8):
            check_rules(proto, seed, lanes=1, sites=1)


@pytest.mark.parametrize(("low", "high"), [("low", "high"), ("-", "high"), ("low", "-")])
@pytest.mark.parametrize("dtype", [F2, F4, np.int8])
@few
@given(shape=shapes, seed=seeds)
def test_clip(low: str, high: str, dtype: type, shape: tuple[int, ...], seed: int) -> None:
    limits: dict[str, np.ndarray] = {"low": np.array(-1, dtype), "high": np.array(2, dtype)}
    used = {name: x for name, x in limits.items() if name in (low, high)}
    check_rules(one_node("Clip", f"x {low} {high}", shape, used, dtype=dtype), seed)


@pytest.mark.parametrize("target", ["x", "low", "high"])
def test_bounds_of_a_clip_of_one_number(target: str) -> None:
    """The kernel takes no vector of bounds, though they have the shape of the tensor."""
    limits = {"low": np.array(-1, F4), "high": np.array(2, F4)}
    loaded = onnxfi.load(one_node("Clip", "x low high", (), limits))
    found = []
    for propagation in (True, False):
        with onnxfi.Injector(
            loaded, target, provider="cpu", threads=1, propagation=propagation
        ) as injector:
            golden = injector.golden({"x": np.array(0.5, F4)})
            some = list(injector.inject(golden, "bitflip", count=40))
            found.append([x.outputs["y"].tobytes() for x in some])
    assert found[0] == found[1]


@few
@given(shape=shapes, seed=seeds)
def test_clip_by_attributes(shape: tuple[int, ...], seed: int) -> None:
    check_rules(one_node("Clip", "x", shape, opset=9, min=-0.5, max=0.5), seed)


@pytest.mark.parametrize(
    ("source", "to"),
    list(permutations([F2, F4, np.int8, np.uint32, bool], 2)),
)
@few
@given(shape=shapes, seed=seeds)
def test_cast(source: type, to: type, shape: tuple[int, ...], seed: int) -> None:
    code = onnx.helper.np_dtype_to_tensor_dtype(np.dtype(to))
    proto = one_node("Cast", "x", shape, dtype=source, made=to, to=code)
    check_rules(proto, seed)


@few
@given(shape=shapes, seed=seeds)
def test_several_nodes_that_meet_again(shape: tuple[int, ...], seed: int) -> None:
    nodes = [
        node("Relu", "x", "s"),  # what it swallows is patched in x only
        node("Mul", "s x", "m"),
        node("Neg", "x", "n"),
        node("Max", "m n c", "y"),
    ]
    c = np.zeros(shape, F4)
    check_rules(of_nodes(nodes, shape, {"c": c}, made={"y": F4}), seed)


@few
@given(shape=shapes, seed=seeds)
def test_float16_that_nothing_rounds(shape: tuple[int, ...], seed: int) -> None:
    nodes = [node("Relu", "x", "a"), node("Max", "a c", "b"), node("Neg", "b", "y")]
    c = np.full(shape, 0.3, F2)
    check_rules(of_nodes(nodes, shape, {"c": c}, dtype=F2, made={"y": F2}), seed)


@pytest.mark.parametrize(
    ("op", "dtype", "shape"),
    [("Sigmoid", F4, ()), ("Relu", F4, (1, 64, 56, 57)), ("Tanh", F4, (1, 64, 56, 57))],
)
def test_other_sizes(op: str, dtype: type, shape: tuple[int, ...]) -> None:
    """Large tensors are shared out among threads."""
    check_rules(one_node(op, "x", shape, dtype=dtype), 0)


@pytest.mark.parametrize("op", ["Elu", "Selu", "Celu", "Mish", "Softplus", "Softmax", "Log"])
def test_kernels_that_depend_on_the_place_have_no_rule(op: str) -> None:
    (stage,) = onnxfi.split(onnxfi.load(one_node(op, "x", (1, 3, 4))), "x").stages
    assert find_push_region(stage).nodes == ()


@pytest.mark.parametrize(("op", "dtype"), [("Add", F2), ("Sqrt", F2), ("Div", np.int32)])
def test_dtypes_without_a_rule(op: str, dtype: type) -> None:
    inputs = "x" if op == "Sqrt" else "x c"
    c: dict[str, np.ndarray] = {} if op == "Sqrt" else {"c": np.ones(4, dtype)}
    proto = one_node(op, inputs, (1, 3, 4), c, dtype=dtype)
    (stage,) = onnxfi.split(onnxfi.load(proto), "x").stages
    assert find_push_region(stage).nodes == ()


def test_an_operand_that_is_broadcast_has_no_rule() -> None:
    proto = one_node("Add", "x c", (3, 1), {"c": np.ones((3, 4), F4)})
    (stage,) = onnxfi.split(onnxfi.load(proto), "x").stages
    assert find_push_region(stage).nodes == ()
