"""Tests on this processor that kernels give an element the same bits at any place."""

from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

import onnxfi
from onnxfi.graph.sample_axis.kernels import ELEMENTWISE, depends_on_place
from onnxfi.runtime import Session
from onnxfi.suffix.trial import same_bits
from tests.support.small_graphs import model, node, value

BINARY = "Add Div Equal Greater Less Max Min Mod Mul PRelu Pow Sub".split()  # noqa: SIM905
NOT_OF_FLOATS = frozenset(
    "And BitShift BitwiseAnd BitwiseNot BitwiseOr BitwiseXor Not Or Xor Where".split()  # noqa: SIM905
)
SPECIAL = [0.0, -0.0, np.nan, np.inf, -np.inf, 1e-40, -1e-40, 3e38, 1.0, -1.0]
LONGEST, VECTOR = 70, 16


def network(op: str) -> onnx.ModelProto:
    inputs = "x c" if op in BINARY else "x"
    of_operators: dict[str, dict[str, Any]] = {
        "Mod": {"fmod": 1},
        "Cast": {"to": TensorProto.UINT32},
    }
    attributes = of_operators.get(op, {})
    made = {"Cast": TensorProto.UINT32}.get(op, TensorProto.FLOAT)
    if op in ("Equal", "Greater", "GreaterOrEqual", "IsInf", "IsNaN", "Less", "LessOrEqual"):
        made = TensorProto.BOOL
    if op in ("GreaterOrEqual", "LessOrEqual"):
        inputs = "x c"
    infos = [value(name, ["N"]) for name in inputs.split()]
    proto = model([node(op, inputs, "y", **attributes)], infos, [value("y", ["N"], made)])
    proto.opset_import[0].CopyFrom(helper.make_opsetid("", 24 if op == "Swish" else 20))
    proto.ir_version = 10
    return proto


def numbers(rng: np.random.Generator, count: int) -> np.ndarray:
    usual = rng.normal(0, 1, count) * np.exp2(rng.integers(-8, 8, count))
    special = rng.choice(SPECIAL, count)
    return np.where(rng.random(count) < 0.3, special, usual).astype(np.float32)


@pytest.mark.parametrize("op", sorted(ELEMENTWISE - NOT_OF_FLOATS))
def test_elements_have_the_same_bits_at_any_place(op: str) -> None:
    loaded = onnxfi.load(network(op))
    names = [x.name or "" for x in loaded.graph.inputs]
    session, rng = Session(loaded, threads=1), np.random.default_rng(0)
    values = {name: numbers(rng, 1024) for name in names}
    whole = session.run(values)["y"]
    step = VECTOR if depends_on_place(loaded.graph[0]) else 1
    for length in range(step, LONGEST + 1, step):
        some = rng.integers(0, 1024, length)
        if step > 1:  # packets stay together
            some = np.concatenate([x + np.arange(step) for x in some[::step] // step * step])
        got = session.run({name: x[some] for name, x in values.items()})["y"]
        assert same_bits(got, whole[some], any_nan=True), length
