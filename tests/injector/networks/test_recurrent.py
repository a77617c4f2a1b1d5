"""Faults in recurrent operators: their outputs, weights, states and inputs.

The oracle is the model with the tensor overwritten, run by onnx.reference with the recurrent
operators written out here.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper
from onnx.reference.op_run import OpRun

import onnxfi
from onnxfi.error_models import BitFlip, RandomValue
from tests.support.small_graphs import node, random_inputs, run_overwriting, value, weights

STEPS, SAMPLES, SIZE, HIDDEN = 4, 3, 2, 5


@dataclass(frozen=True)
class Case:
    """A recurrent operator with these optional inputs, in these directions, and these outputs."""

    operator: str
    optional: str = ""
    direction: str = "forward"
    outputs: str = "Y Y_h"

    def __str__(self) -> str:
        """Return a name for the test."""
        return "-".join([self.operator, self.direction, *self.optional.split(), self.outputs])


CASES = [
    Case("LSTM", outputs="Y Y_h Y_c"),
    Case("LSTM", "B initial_h initial_c P", outputs="Y Y_h Y_c"),
    Case("LSTM", "B lengths initial_h initial_c", "bidirectional", outputs="Y Y_h Y_c"),
    Case("LSTM", "B", "reverse", outputs="Y_h"),
    Case("GRU", "B"),
    Case("GRU", "B lengths initial_h", "bidirectional"),
    Case("RNN", "B initial_h", "bidirectional"),
]


def network(case: Case) -> onnx.ModelProto:
    """All outputs of the operator, sample by sample, through one dense layer."""
    directions = 2 if case.direction == "bidirectional" else 1
    gates = {"LSTM": 4, "GRU": 3, "RNN": 1}[case.operator] * HIDDEN
    constants = {
        "W": weights(directions, gates, SIZE),
        "R": weights(directions, gates, HIDDEN, seed=1) / 2,
        "B": weights(directions, 2 * gates, seed=2),
        "P": weights(directions, 3 * HIDDEN, seed=3),
        "lengths": np.array([4, 2, 3], np.int32),
    }
    state: list[int | str] = [directions, SAMPLES, HIDDEN]
    shapes = {"X": [STEPS, SAMPLES, SIZE], "initial_h": state, "initial_c": state}
    given = ["X", "W", "R", *case.optional.split()]
    outputs = case.outputs.split()
    places = ["X", "W", "R", "B", "lengths", "initial_h", "initial_c", "P"], ["Y", "Y_h", "Y_c"]
    if case.operator != "LSTM":
        places = places[0][:6], places[1][:2]
    nodes = [
        helper.make_node(
            case.operator,
            [name if name in given else "" for name in places[0]],
            [name if name in outputs else "" for name in places[1]],
            hidden_size=HIDDEN,
            direction=case.direction,
        )
    ]
    for name in outputs:
        perm = [2, 0, 1, 3] if name == "Y" else [1, 0, 2]
        nodes += [
            node("Transpose", name, f"{name}_by_sample", perm=perm),
            node("Flatten", f"{name}_by_sample", f"{name}_flat"),
        ]
    flat = " ".join(f"{name}_flat" for name in outputs)
    nodes += [node("Concat", flat, "all", axis=1), node("MatMul", "all dense", "y")]
    columns = directions * HIDDEN * sum(STEPS if name == "Y" else 1 for name in outputs)
    constants = {name: x for name, x in constants.items() if name in given}
    constants["dense"] = weights(columns, 3, seed=4)
    graph = helper.make_graph(
        nodes,
        "network",
        [value(name, shape) for name, shape in shapes.items() if name in given],  # type: ignore[arg-type]
        [value("y", [SAMPLES, 3])],
        [numpy_helper.from_array(x, name) for name, x in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 22)], ir_version=10)


def sigmoid(x: np.ndarray) -> np.ndarray:
    y: np.ndarray = 1 / (1 + np.exp(-x))
    return y


class Recurrent(OpRun):
    """A recurrent operator sample by sample and step by step: the reference ignores the lengths."""

    op_domain = ""

    def _run(
        self,
        x: np.ndarray,
        w: np.ndarray,
        r: np.ndarray,
        b: np.ndarray | None = None,
        lengths: np.ndarray | None = None,
        initial_h: np.ndarray | None = None,
        initial_c: np.ndarray | None = None,
        p: np.ndarray | None = None,
        direction: str = "forward",
        **_: object,
    ) -> tuple[np.ndarray, ...]:
        directions, gates = w.shape[:2]
        b = np.zeros((directions, 2 * gates), x.dtype) if b is None else b
        p = np.zeros((directions, 3 * HIDDEN), x.dtype) if p is None else p
        states = np.zeros((2, directions, SAMPLES, HIDDEN), x.dtype)
        for state, initial in zip(states, (initial_h, initial_c), strict=True):
            if initial is not None:
                state[:] = initial
        y = np.zeros((STEPS, directions, SAMPLES, HIDDEN), x.dtype)
        for d, n in np.ndindex(directions, SAMPLES):
            steps = range(STEPS if lengths is None else lengths[n])
            h, c = states[:, d, n]
            for t in reversed(steps) if d or direction == "reverse" else steps:
                own, recurring = np.split(b[d], 2)
                h, c = self.step(w[d] @ x[t, n] + own, r[d], recurring, h, c, np.split(p[d], 3))
                y[t, d, n] = h
            states[:, d, n] = h, c
        return (y, *states)[: len(self.onnx_node.output)]

    def step(self, x: Any, r: Any, b: Any, h: Any, c: Any, peepholes: Any) -> Any:
        """Return the next states; `x` is what the input adds to each gate."""
        raise NotImplementedError


class RNN(Recurrent):
    """ONNX operator RNN."""

    def step(self, x: Any, r: Any, b: Any, h: Any, c: Any, peepholes: Any) -> Any:
        """Return the next states."""
        return np.tanh(x + r @ h + b), c


class GRU(Recurrent):
    """ONNX operator GRU with linear_before_reset 0."""

    def step(self, x: Any, r: Any, b: Any, h: Any, c: Any, peepholes: Any) -> Any:
        """Return the next states; gates are z, r, h."""
        (xz, xr, xh), (rz, rr, rh), (bz, br, bh) = (np.split(part, 3) for part in (x, r, b))
        update, reset = sigmoid(xz + rz @ h + bz), sigmoid(xr + rr @ h + br)
        return (1 - update) * np.tanh(xh + rh @ (reset * h) + bh) + update * h, c


class LSTM(Recurrent):
    """ONNX operator LSTM."""

    def step(self, x: Any, r: Any, b: Any, h: Any, c: Any, peepholes: Any) -> Any:
        """Return the next states; gates are i, o, f, c, peepholes i, o, f."""
        i, o, f, new = np.split(x + r @ h + b, 4)
        pi, po, pf = peepholes
        c = sigmoid(f + pf * c) * c + sigmoid(i + pi * c) * np.tanh(new)
        return sigmoid(o + po * c) * np.tanh(c), c


OPERATORS = [LSTM, GRU, RNN]


@pytest.mark.thorough
@pytest.mark.parametrize("case", CASES, ids=str)
def test_faults_equal_the_reference_with_the_tensor_overwritten(case: Case) -> None:
    proto = network(case)
    loaded = onnxfi.load(proto)
    feeds = random_inputs(proto)
    targets = [x for x in loaded.targets() if x.dtype == np.float32]
    names = {"X", "W", "R", *case.optional.split(), *case.outputs.split()} - {"lengths"}
    assert names <= {x.tensor for x in targets}
    for target in targets:
        changed = False
        with onnxfi.Injector(loaded, target, provider="cpu", threads=1) as injector:
            golden = injector.golden(feeds)
            for injection in injector.inject(golden, RandomValue(2.0, 3.0), count=4, seed=2):
                corrupt = injection.corruption.apply
                faulty, before = run_overwriting(proto, feeds, target.tensor, corrupt, OPERATORS)
                np.testing.assert_allclose(
                    injection.outputs["y"], faulty["y"], rtol=1e-4, atol=1e-4, err_msg=target.tensor
                )
                changed |= bool(np.abs(faulty["y"] - golden.outputs["y"]).max() > 1e-3)
            np.testing.assert_allclose(golden.target, np.asarray(before), rtol=1e-4, atol=1e-5)
        assert changed, target.tensor
        if target.tensor in names:
            assert target.op_type == case.operator
            weight = target.tensor in ("W", "R", "B", "P")
            assert target.channel_axis == (1 if weight else len(target.shape or ()) - 1)


def test_faults_in_the_lengths() -> None:
    proto = network(CASES[2])
    loaded = onnxfi.load(proto)
    feeds = random_inputs(proto)
    target = loaded.target("lengths")
    assert target.kind == "weight"
    assert target.dtype == np.int32
    with onnxfi.Injector(loaded, target, provider="cpu") as injector:
        golden = injector.golden(feeds)
        shorter = np.array([1, 2, 3], np.int32)
        faulty, _ = run_overwriting(proto, feeds, "lengths", lambda _: shorter, OPERATORS)
        got = injector.resume(golden, shorter)["y"]
        np.testing.assert_allclose(got, faulty["y"], rtol=1e-4, atol=1e-4)
        # Longer than the sequences are.
        for injection in injector.inject(golden, BitFlip(bit=4), count=4):
            assert injection.outcome == "due"
