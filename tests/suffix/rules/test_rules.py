"""Pushes through poolings and batch normalization; other operators have no rule."""

from typing import Any

import numpy as np
import onnx
import pytest

import onnxfi
from onnxfi.error_models import Corruption
from onnxfi.runtime import Session
from onnxfi.suffix.phases.region import find_push_region
from tests.support.rule_checks import check_rules, one_node, push
from tests.support.small_graphs import weights

IMAGE = (1, 3, 6, 7)
PARAMETERS = {name: np.abs(weights(3, seed=seed)) for seed, name in enumerate("sbmv")}
POOLINGS: dict[str, tuple[tuple[int, ...], dict[str, Any]]] = {
    "plain": (IMAGE, {"kernel_shape": [2, 2], "strides": [2, 2]}),
    "overlaps and pads": (
        IMAGE,
        {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1, 1, 1, 1]},
    ),
    "with a ceiling": (IMAGE, {"kernel_shape": [3, 2], "strides": [2, 3], "ceil_mode": 1}),
    "dilated": (IMAGE, {"kernel_shape": [2, 3], "dilations": [2, 1]}),
    "of equal size": (
        IMAGE,
        {"kernel_shape": [3, 2], "strides": [2, 2], "auto_pad": "SAME_UPPER"},
    ),
    "along one axis": ((1, 2, 9), {"kernel_shape": [3]}),
    "of volumes": ((1, 2, 4, 3, 5), {"kernel_shape": [2, 2, 2]}),
}


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16, np.int8, np.uint8])
@pytest.mark.parametrize("name", POOLINGS)
def test_max_pooling(name: str, dtype: type) -> None:
    shape, attributes = POOLINGS[name]
    proto = one_node("MaxPool", "x", shape, dtype=dtype, **attributes)
    for seed in range(2):
        check_rules(proto, seed, zeros=bool(seed % 2))


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
@pytest.mark.parametrize("shape", [IMAGE, (2, 5, 4), (1, 2, 40, 50)])
def test_global_max_pooling(shape: tuple[int, ...], dtype: type) -> None:
    proto = one_node("GlobalMaxPool", "x", shape, dtype=dtype)
    for seed in range(2):
        check_rules(proto, seed, zeros=bool(seed % 2))


def test_large_global_max_pooling_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("onnxfi.suffix.rules.max_pooling._AT_ONCE", 50)
    check_rules(one_node("GlobalMaxPool", "x", (1, 9, 6, 7)), 0)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_batch_normalization(dtype: type) -> None:
    parameters = {name: x.astype(dtype) for name, x in PARAMETERS.items()}
    for seed in range(5):
        check_rules(
            one_node("BatchNormalization", "x s b m v", IMAGE, parameters, dtype=dtype), seed
        )


def pushed_lanes(
    proto: onnx.ModelProto, x: np.ndarray, numbers: list[float]
) -> tuple[int, frozenset[int]]:
    """Corrupt the first element in each lane; return how many survive, and who is refused."""
    loaded = onnxfi.load(proto)
    (stage,) = onnxfi.split(loaded, "x").stages
    region = find_push_region(stage)
    golden = {"x": x, **Session(loaded).run({"x": x})}
    lanes = [Corruption(np.array([0]), np.array([number], np.float32)) for number in numbers]
    advanced = push(region, lanes, golden)
    refused = [] if advanced.refused is None else advanced.refused.lanes
    return sum(bool(x.outputs) for x in advanced.done.values()), frozenset(refused)


def test_what_relu_swallows_leaves_nothing() -> None:
    x = np.full((1, 4), -1, np.float32)
    survivors, refused = pushed_lanes(one_node("Relu", "x", (1, 4)), x, [-5.0, -0.5, 2.0])
    assert (survivors, refused) == (1, frozenset())


@pytest.mark.parametrize("op", ["MaxPool", "GlobalMaxPool"])
def test_max_pooling_refuses_what_the_order_of_comparisons_decides(op: str) -> None:
    attributes: dict[str, Any] = {"kernel_shape": [2]} if op == "MaxPool" else {}
    proto = one_node(op, "x", (1, 1, 4), **attributes)
    _, refused = pushed_lanes(proto, np.zeros((1, 1, 4), np.float32), [np.nan, -0.0, 1.0])
    assert refused == frozenset({0, 1})


@pytest.mark.parametrize(
    ("op", "inputs", "others", "attributes"),
    [
        ("AveragePool", "x", {}, {"kernel_shape": [2, 2]}),
        ("MatMul", "x w", {"w": weights(7, 2)}, {}),
        ("Gather", "w x", {"w": weights(3, 2)}, {}),
        ("Resize", "x - s", {"s": np.array([1, 1, 2, 2], np.float32)}, {"mode": "linear"}),
    ],
)
def test_no_rule(
    op: str, inputs: str, others: dict[str, np.ndarray], attributes: dict[str, Any]
) -> None:
    integers = op == "Gather"
    dtype = np.int64 if integers else np.float32
    proto = one_node(op, inputs, IMAGE, others, dtype=dtype, made=np.float32, **attributes)
    (stage,) = onnxfi.split(onnxfi.load(proto), "x").stages
    region = find_push_region(stage)
    assert region.nodes == ()
    assert region.entry == ("x",)
