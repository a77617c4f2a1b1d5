"""Random graphs of float32: exponentials and logarithms, what mixes samples, and what does not.

Unlike those of `random_graphs.strategy` their values are any floats, so that a bit that depends on
an element's place, or on its neighbours in a batch, is seen.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

from tests.support.small_graphs import value

SHAPES = [(6,), (16,), (3, 5), (4, 8), (2, 4, 8), (3, 6, 7), (16, 5, 5)]
UNARY = """
    Abs Atan Cos Elu Erf Exp Exp Gelu HardSwish LeakyRelu Log Log Mish Neg Reciprocal Relu Selu
    Sigmoid Sin Softplus Softsign Sqrt Tanh
""".split()  # noqa: SIM905
REDUCTIONS = ["ReduceL2", "ReduceLogSumExp", "ReduceMax", "ReduceMean", "ReduceSum"]
VALUES = ["normal", "zeros", "constant", "denormal", "magnitudes"]


@dataclass
class _Chain:
    rng: np.random.Generator
    nodes: list[onnx.NodeProto] = field(default_factory=list)
    weights: dict[str, np.ndarray] = field(default_factory=dict)

    def add(self, op: str, *inputs: str, made: int = 1, **attributes: Any) -> str:
        names = [f"t{len(self.nodes)}{'abc'[x]}" for x in range(made)]
        self.nodes.append(helper.make_node(op, inputs, names, **attributes))
        return names[0]

    def given(self, array: Any) -> str:
        name = f"w{len(self.weights)}"
        self.weights[name] = np.asarray(array)
        return name

    def floats(self, *shape: int) -> str:
        return self.given(self.rng.normal(0, 1, shape).astype(np.float32))

    def one_of(self, *options: Any) -> Any:
        return options[self.rng.integers(len(options))]


_Step = Callable[[_Chain, str, list[int]], str]


def _unary(c: _Chain, x: str, shape: list[int]) -> str:
    return c.add(c.one_of(*UNARY), x)


def _with_constant(c: _Chain, x: str, shape: list[int]) -> str:
    other = c.floats(*(n if c.rng.random() < 0.5 else 1 for n in shape))
    op = c.one_of("Add", "Sub", "Mul", "Div", "Max", "Min")
    return c.add(op, *c.one_of((x, other), (other, x)))


def _normalised(c: _Chain, x: str, shape: list[int]) -> str:
    axis = int(c.rng.integers(-len(shape), len(shape)))
    return c.add(c.one_of("Softmax", "LogSoftmax"), x, axis=axis)


def _less_a_reduction(c: _Chain, x: str, shape: list[int]) -> str:
    first = int(c.rng.integers(len(shape)))
    axes = c.given(np.arange(first, c.rng.integers(first, len(shape)) + 1))
    return c.add(c.one_of("Sub", "Add"), x, c.add(c.one_of(*REDUCTIONS), x, axes))


def _cumulative(c: _Chain, x: str, shape: list[int]) -> str:
    return c.add("CumSum", x, c.given(c.rng.integers(len(shape))))


def _sorted(c: _Chain, x: str, shape: list[int]) -> str:
    axis = int(c.rng.integers(1, len(shape)))
    return c.add("TopK", x, c.given(np.array([shape[axis]])), axis=axis, made=2)


def _there_and_back(c: _Chain, x: str, shape: list[int]) -> str:
    order = c.rng.permutation(len(shape))
    moved = c.add("Transpose", x, perm=order.tolist())
    changed = c.one_of(_unary, _normalised, _cumulative)(c, moved, [shape[i] for i in order])
    return c.add("Transpose", changed, perm=np.argsort(order).tolist())


def _product(c: _Chain, x: str, shape: list[int]) -> str:
    return c.add("MatMul", x, c.floats(shape[-1], shape[-1]))


def _layer_normalization(c: _Chain, x: str, shape: list[int]) -> str:
    return c.add("LayerNormalization", x, c.floats(shape[-1]))


def _dropout(c: _Chain, x: str, shape: list[int]) -> str:
    return c.add("Dropout", x, made=c.one_of(1, 2))


def _image(c: _Chain, x: str, shape: list[int]) -> str:
    if len(shape) != 4:
        return _unary(c, x, shape)
    op = c.one_of("Conv", "MaxPool", "LRN", "InstanceNormalization")
    if op == "Conv":
        return c.add(op, x, c.floats(shape[1], shape[1], 3, 3), pads=[1, 1, 1, 1])
    if op == "MaxPool":
        return c.add(op, x, kernel_shape=[3, 3], pads=[1, 1, 1, 1])
    if op == "LRN":
        return c.add(op, x, size=3)
    return c.add(op, x, c.floats(shape[1]), c.floats(shape[1]))


STEPS: list[_Step] = [
    *(_unary, _unary, _unary, _unary, _with_constant, _with_constant, _normalised, _cumulative),
    *(_less_a_reduction, _sorted, _there_and_back, _product, _layer_normalization, _dropout),
    *(_image, _image),
]


@dataclass(frozen=True)
class FloatChain:
    """A model, a tensor of it, and inputs: by name, one after the other."""

    proto: onnx.ModelProto
    target: str
    feeds: list[dict[str, np.ndarray]]


def float_chain(seed: int) -> FloatChain:
    """Make a graph of up to six steps; the steps keep the shape."""
    chain = _Chain(np.random.default_rng(seed))
    sample = chain.one_of(*SHAPES)
    shape, x = [1, *sample], chain.add("Identity", "x")
    made: list[str] = []
    for _ in range(chain.rng.integers(2, 7)):
        earlier = [y for y in made if chain.rng.random() < 0.2]
        x = chain.add("Add", x, earlier[0]) if earlier else chain.one_of(*STEPS)(chain, x, shape)
        made.append(x)
    target = chain.one_of(*made[:-1])
    flat = chain.add("Flatten", x, axis=1)
    batch = chain.one_of(1, "N")
    initializers = [numpy_helper.from_array(y, name) for name, y in chain.weights.items()]
    inputs, outputs = [value("x", [batch, *sample])], [value(flat, None)]
    graph = helper.make_graph(chain.nodes, "chain", inputs, outputs, initializers)
    proto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
    kinds = chain.rng.permutation(VALUES)[:3]
    return FloatChain(proto, target, [{"x": _values(k, shape, chain.rng)} for k in kinds])


def _values(kind: str, shape: list[int], rng: np.random.Generator) -> np.ndarray:
    normal = rng.normal(0, 1, shape)
    made = {
        "normal": normal,
        "zeros": np.zeros(shape),
        "constant": np.full(shape, rng.normal()),
        "denormal": normal * 1e-40,
        "magnitudes": normal * np.exp2(rng.integers(-30, 30, shape)),
    }
    return made[kind].astype(np.float32)
