"""Random graphs of several precisions: float16 and bfloat16 islands, quantisations, odd values.

A graph is drawn from a seed alone. Its values stay finite without a fault.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

FEATURES = 6
FLOAT, FLOAT16, BFLOAT16 = TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.BFLOAT16
_OPSET = 18


@dataclass(frozen=True)
class PrecisionGraph:
    """A random graph.

    Attributes:
        proto: the model; its input ``x`` has the shape (N, 6), or (N, 3, 8, 8) of images.
        rows: rows of an input of its own.
        sample: the shape of one sample.
        exact: whether all that runs has the bits of an unoptimised session: there are tensors of
            low precision.
        kinds: the kinds of steps in it.
    """

    proto: onnx.ModelProto
    rows: int
    sample: tuple[int, ...]
    exact: bool
    kinds: tuple[str, ...]

    def feeds(self, seed: int) -> dict[str, np.ndarray]:
        """Return an input."""
        rng = np.random.default_rng(seed)
        return {"x": rng.standard_normal((self.rows, *self.sample)).astype(np.float32)}


@dataclass
class _Builder:
    rng: np.random.Generator
    nodes: list[onnx.NodeProto] = field(default_factory=list)
    constants: list[onnx.TensorProto] = field(default_factory=list)
    made: list[str] = field(default_factory=lambda: ["x"])

    def node(self, op: str, *inputs: str, outputs: int = 1, **attributes: Any) -> str:
        names = [f"t{len(self.nodes)}" + "abc"[k] * bool(k) for k in range(outputs)]
        self.nodes.append(helper.make_node(op, list(inputs), names, f"n_{names[0]}", **attributes))
        return names[0]

    def constant(self, array: np.ndarray | np.generic) -> str:
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(array), name))
        return name

    def weights(self, *shape: int, dtype: type = np.float32) -> str:
        return self.constant((self.rng.standard_normal(shape) / 2).astype(dtype))

    def one_of(self, *choices: str) -> str:
        return choices[self.rng.integers(len(choices))]


def _float16(b: _Builder, x: str) -> str:
    """Cast, some operators in float16, maybe an overflow on the way, and back."""
    x = b.node("Cast", x, to=FLOAT16)
    for _ in range(b.rng.integers(1, 4)):
        op = b.one_of("Relu", "Abs", "Mul", "Add", "MatMul", "Tanh", "LayerNormalization")
        if op == "MatMul":
            x = b.node(op, x, b.weights(FEATURES, FEATURES, dtype=np.float16))
        elif op == "LayerNormalization":
            x = b.node(op, x, b.constant(np.ones(FEATURES, np.float16)))
        elif op in ("Mul", "Add"):
            x = b.node(op, x, b.weights(FEATURES, dtype=np.float16))
        else:
            x = b.node(op, x)
    return b.node("Cast", x, to=FLOAT)


def _bfloat16(b: _Builder, x: str) -> str:
    x = b.node("Cast", x, to=BFLOAT16)
    return b.node("Cast", b.node("Identity", x), to=FLOAT)


def _quantise(b: _Builder, x: str, dtype: type, scale: float = 0.05) -> tuple[str, str, str]:
    step = b.constant(np.float32(scale))
    zero = b.constant(np.array(120 if dtype is np.uint8 else -5, dtype))
    return b.node("QuantizeLinear", x, step, zero), step, zero


def _qdq(b: _Builder, x: str) -> str:
    """Quantise and dequantise, and again behind a product with quantised weights."""
    dtype = np.uint8 if b.rng.random() < 0.5 else np.int8
    x = b.node("DequantizeLinear", *_quantise(b, x, dtype))
    w = b.constant(b.rng.integers(-128, 128, (FEATURES, FEATURES)).astype(np.int8))
    w = b.node("DequantizeLinear", w, b.constant(np.float32(0.01)), b.constant(np.int8(0)))
    x = b.node("MatMul", x, w)
    if b.rng.random() < 0.5:
        x = b.node("Relu", x)
    return b.node("DequantizeLinear", *_quantise(b, x, dtype))


def _small_weights(b: _Builder) -> str:
    """Two products with uint8 fit int16, so that no session saturates."""
    return b.constant(b.rng.integers(-63, 64, (FEATURES, FEATURES)).astype(np.int8))


def _integer_product(b: _Builder, x: str) -> str:
    quantised, step, zero = _quantise(b, x, np.uint8)
    if b.rng.random() < 0.5:
        total = b.node("MatMulInteger", quantised, _small_weights(b), zero)
        return b.node("Mul", b.node("Cast", total, to=FLOAT), b.constant(np.float32(0.0005)))
    scale, none = b.constant(np.float32(0.01)), b.constant(np.int8(0))
    product = b.node(
        "QLinearMatMul", quantised, step, zero, _small_weights(b), scale, none, step, zero
    )
    return b.node("DequantizeLinear", product, step, zero)


def _exp_log(b: _Builder, x: str) -> str:
    limits = [b.constant(np.float32(y)) for y in (-4, 4)]
    x = b.node("Exp", b.node("Clip", x, *limits))
    for _ in range(b.rng.integers(1, 4)):
        op = b.one_of("Log", "Elu", "Softplus", "Selu", "Mish", "Sigmoid", "Erf")
        if op == "Log":
            x = b.node("Add", b.node("Abs", x), b.constant(np.float32(0.1)))
        x = b.node(op, x)
    return x


def _denormal(b: _Builder, x: str) -> str:
    x = b.node("Mul", b.node("Tanh", x), b.constant(np.float32(1e-38)))
    x = b.node("Mul", x, b.weights(FEATURES))
    return b.node("Mul", x, b.constant(np.float32(1e38)))


def _mixing(b: _Builder, x: str) -> str:
    """Something that mixes the rows of a batch."""
    op = b.one_of("ReduceMean", "ReduceMax", "CumSum", "Softmax", "Flatten")
    if op.startswith("Reduce"):
        return b.node("Sub", x, b.node(op, x, b.constant(np.array([0])), keepdims=1))
    if op == "CumSum":
        return b.node("Mul", b.node(op, x, b.constant(np.array(0))), b.constant(np.float32(0.5)))
    if op == "Softmax":
        return b.node(op, x, axis=0)
    gram = b.node("MatMul", b.node("Transpose", x, perm=[1, 0]), x)
    return b.node("Tanh", b.node("MatMul", x, gram))


def _zeros(b: _Builder, x: str) -> str:
    """A tensor of zeros, or of one constant, without a fault."""
    x = b.node("Relu", b.node("Neg", b.node("Abs", x)))
    if b.rng.random() < 0.5:
        x = b.node("Add", x, b.constant(np.float32(0.25)))
    return b.node("Add", x, b.weights(FEATURES)) if b.rng.random() < 0.7 else x


def _plain(b: _Builder, x: str) -> str:
    op = b.one_of("MatMul", "Gemm", "Relu", "Tanh", "Softmax", "Add", "residual", "norm", "Slice")
    if op == "MatMul":
        return b.node(op, x, b.weights(FEATURES, FEATURES))
    if op == "Gemm":
        return b.node(op, x, b.weights(FEATURES, FEATURES), b.weights(FEATURES))
    if op == "Softmax":
        return b.node(op, x, axis=-1)
    if op == "Add":
        return b.node(op, x, b.weights(FEATURES))
    if op == "residual":
        return b.node("Add", x, b.made[b.rng.integers(len(b.made))])
    if op == "norm":
        return b.node("LayerNormalization", x, b.weights(FEATURES))
    if op == "Slice":
        twice = b.node("Concat", x, x, axis=1)
        places = [b.constant(np.array([y])) for y in (2, 2 + FEATURES, 1)]
        return b.node(op, twice, *places)
    return b.node(op, x)


def _branch(b: _Builder, x: str) -> str:
    """An If whose branches capture a tensor, one of them in float16."""
    total = b.node("ReduceSum", x, keepdims=0)
    condition = b.node("Greater", total, b.constant(np.float32(0)))
    number = len(b.nodes)
    inner = [f"{name}_{number}" for name in ("half", "positive", "then", "else")]
    half = helper.make_graph(
        [
            helper.make_node("Cast", [x], [inner[0]], to=FLOAT16),
            helper.make_node("Relu", [inner[0]], [inner[1]]),
            helper.make_node("Cast", [inner[1]], [inner[2]], to=FLOAT),
        ],
        "then",
        [],
        [helper.make_tensor_value_info(inner[2], FLOAT, None)],
    )
    other = helper.make_graph(
        [helper.make_node("Neg", [x], [inner[3]])],
        "else",
        [],
        [helper.make_tensor_value_info(inner[3], FLOAT, None)],
    )
    return b.node("If", condition, then_branch=half, else_branch=other)


def _convolve(b: _Builder, x: str) -> str:
    op = b.one_of("Conv", "Conv", "MaxPool", "BatchNormalization", "Relu", "residual", "Sigmoid")
    if op == "Conv":
        return b.node(op, x, b.weights(3, 3, 3, 3), pads=[1] * 4)
    if op == "MaxPool":
        return b.node(op, x, kernel_shape=[3, 3], pads=[1] * 4)
    if op == "BatchNormalization":
        ones = b.constant(np.ones(3, np.float32))
        return b.node(op, x, b.weights(3), b.weights(3), b.weights(3), ones)
    if op == "residual":
        return b.node("Add", x, b.made[b.rng.integers(len(b.made))])
    return b.node(op, x)


def _float16_convolution(b: _Builder, x: str) -> str:
    x = b.node("Cast", x, to=FLOAT16)
    x = b.node("Conv", x, b.weights(3, 3, 3, 3, dtype=np.float16), pads=[1] * 4)
    if b.rng.random() < 0.5:
        x = b.node("Relu", x)
    return b.node("Cast", x, to=FLOAT)


def _qdq_convolution(b: _Builder, x: str) -> str:
    x = b.node("DequantizeLinear", *_quantise(b, x, np.uint8))
    w = b.constant(b.rng.integers(-128, 128, (3, 3, 3, 3)).astype(np.int8))
    w = b.node("DequantizeLinear", w, b.constant(np.float32(0.005)), b.constant(np.int8(0)))
    x = b.node("Conv", x, w, pads=[1] * 4)
    return b.node("DequantizeLinear", *_quantise(b, x, np.uint8))


def _integer_convolution(b: _Builder, x: str) -> str:
    quantised, step, zero = _quantise(b, x, np.uint8)
    w = b.constant(b.rng.integers(-63, 64, (3, 3, 3, 3)).astype(np.int8))
    scale, none = b.constant(np.float32(0.01)), b.constant(np.int8(0))
    made = b.node("QLinearConv", quantised, step, zero, w, scale, none, step, zero, pads=[1] * 4)
    return b.node("DequantizeLinear", made, step, zero)


_Step = Callable[[_Builder, str], str]
_OF_IMAGES: dict[str, _Step] = {"convolve": _convolve}
_OF_LOW_PRECISION_IMAGES: dict[str, _Step] = {
    "float16_convolution": _float16_convolution,
    "qdq_convolution": _qdq_convolution,
    "integer_convolution": _integer_convolution,
}
_OF_FLOAT32: dict[str, _Step] = {
    "plain": _plain,
    "exp_log": _exp_log,
    "denormal": _denormal,
    "mixing": _mixing,
    "zeros": _zeros,
}
_OF_LOW_PRECISION: dict[str, _Step] = {
    "float16": _float16,
    "bfloat16": _bfloat16,
    "qdq": _qdq,
    "integer_product": _integer_product,
    "branch": _branch,
}


def precision_graph(seed: int) -> PrecisionGraph:
    """Draw a graph; each third one has float32 tensors only, each fourth one works on images."""
    b = _Builder(np.random.default_rng(seed))
    exact, of_images = seed % 3 != 0, seed % 4 == 2
    sample = (3, 8, 8) if of_images else (FEATURES,)
    plain = _OF_IMAGES if of_images else _OF_FLOAT32
    lower = _OF_LOW_PRECISION_IMAGES if of_images else _OF_LOW_PRECISION
    kinds = []
    for number in range(b.rng.integers(4, 8)):
        low = exact and (number == 1 or b.rng.random() < 0.5)
        steps = lower if low else plain
        kind = list(steps)[b.rng.integers(len(steps))]
        kinds.append(kind)
        b.made.append(steps[kind](b, b.made[-1]))
    outputs = [b.made[-1]]
    if b.rng.random() < 0.3 and b.made[-2] != "x":
        outputs.append(b.made[-2])
    graph = helper.make_graph(
        b.nodes,
        "precisions",
        [helper.make_tensor_value_info("x", FLOAT, ["N", *sample])],
        [helper.make_tensor_value_info(y, FLOAT, ["N", *sample]) for y in outputs],
        b.constants,
    )
    proto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=9)
    onnx.checker.check_model(proto)
    return PrecisionGraph(
        proto, 1 if of_images else int(b.rng.integers(1, 4)), sample, exact, tuple(kinds)
    )
