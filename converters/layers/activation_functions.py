"""Builds the activations of Keras by name, from one operator or several.

The formulas follow ``keras.activations``. A function keeps the layout of its tensor.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

from onnxfi.converters.translation.graph_builder import GraphBuilder
from onnxfi.converters.translation.layer_call import Options
from onnxfi.converters.translation.reductions import reduced
from onnxfi.converters.translation.tensor import Tensor

ActivationFunction = Callable[[Options, Tensor, GraphBuilder], Tensor]

# Slope of hard_sigmoid by major version of Keras: a file computes differently in the other one.
HARD_SIGMOID_SLOPE = {2: 0.2, 3: 1 / 6}

OPERATORS: Mapping[str, str] = {
    "elu": "Elu",  # alpha is 1 in both
    "celu": "Elu",  # with an alpha of 1 they are the same
    "exponential": "Exp",
    "relu": "Relu",
    "selu": "Selu",  # ONNX has the constants of Keras as its defaults
    "sigmoid": "Sigmoid",
    "softplus": "Softplus",
    "softsign": "Softsign",
    "tanh": "Tanh",
}
"""Activations that are one ONNX operator without attributes."""


def softmax(tensor: Tensor, axis: int, graph: GraphBuilder) -> Tensor:
    """Return the softmax along an axis of Keras."""
    return graph.apply("Softmax", tensor, axis=tensor.stored_axis(axis))


def gelu(tensor: Tensor, graph: GraphBuilder, *, approximate: bool) -> Tensor:
    """Return x / 2 * (1 + erf(x / sqrt(2))).

    The approximation has tanh(sqrt(2 / pi) * (x + 0.044715 * x**3)) in place of erf.
    """
    if approximate:
        cube = graph.apply("Mul", graph.apply("Mul", tensor, tensor.name), tensor.name)
        small = graph.apply("Mul", cube, graph.numbers("cubic", 0.044715))
        inner = graph.apply("Add", tensor, small.name)
        scaled = graph.apply("Mul", inner, graph.numbers("scale", 0.7978845608028654))
        error = graph.apply("Tanh", scaled)
    else:
        error = graph.apply("Erf", graph.apply("Mul", tensor, graph.numbers("scale", 0.5**0.5)))
    weight = graph.apply("Add", error, graph.numbers("one", 1))
    half = graph.apply("Mul", tensor, graph.numbers("half", 0.5))
    return graph.apply("Mul", half, weight.name)


def _relu6(_options: Options, tensor: Tensor, graph: GraphBuilder) -> Tensor:
    return graph.apply("Clip", tensor, graph.numbers("min", 0), graph.numbers("max", 6))


def _hard_tanh(_options: Options, tensor: Tensor, graph: GraphBuilder) -> Tensor:
    return graph.apply("Clip", tensor, graph.numbers("min", -1), graph.numbers("max", 1))


def _softmax(_options: Options, tensor: Tensor, graph: GraphBuilder) -> Tensor:
    return softmax(tensor, -1, graph)


def _log_softmax(_options: Options, tensor: Tensor, graph: GraphBuilder) -> Tensor:
    return graph.apply("LogSoftmax", tensor, axis=tensor.stored_axis(-1))


def _gelu(_options: Options, tensor: Tensor, graph: GraphBuilder) -> Tensor:
    return gelu(tensor, graph, approximate=False)


def _swish(_options: Options, tensor: Tensor, graph: GraphBuilder) -> Tensor:
    return graph.apply("Mul", tensor, graph.apply("Sigmoid", tensor).name)


def _leaky_relu(_options: Options, tensor: Tensor, graph: GraphBuilder) -> Tensor:
    return graph.apply("LeakyRelu", tensor, alpha=0.2)


def _hard_sigmoid(options: Options, tensor: Tensor, graph: GraphBuilder) -> Tensor:
    slope = HARD_SIGMOID_SLOPE[options.keras_major]
    return graph.apply("HardSigmoid", tensor, alpha=slope, beta=0.5)


def _hard_silu(options: Options, tensor: Tensor, graph: GraphBuilder) -> Tensor:
    return graph.apply("Mul", tensor, _hard_sigmoid(options, tensor, graph).name)


def _sparse_sigmoid(_options: Options, tensor: Tensor, graph: GraphBuilder) -> Tensor:
    return graph.apply("HardSigmoid", tensor, alpha=0.5, beta=0.5)


def _mish(_options: Options, tensor: Tensor, graph: GraphBuilder) -> Tensor:
    """Return x * tanh(softplus(x))."""
    weight = graph.apply("Tanh", graph.apply("Softplus", tensor))
    return graph.apply("Mul", tensor, weight.name)


def _log_sigmoid(_options: Options, tensor: Tensor, graph: GraphBuilder) -> Tensor:
    """Return -softplus(-x)."""
    return graph.apply("Neg", graph.apply("Softplus", graph.apply("Neg", tensor)))


def _tanh_shrink(_options: Options, tensor: Tensor, graph: GraphBuilder) -> Tensor:
    return graph.apply("Sub", tensor, graph.apply("Tanh", tensor).name)


def _hard_shrink(_options: Options, tensor: Tensor, graph: GraphBuilder) -> Tensor:
    return graph.apply("Shrink", tensor, lambd=0.5, bias=0.0)


def _soft_shrink(_options: Options, tensor: Tensor, graph: GraphBuilder) -> Tensor:
    return graph.apply("Shrink", tensor, lambd=0.5, bias=0.5)


def _squareplus(_options: Options, tensor: Tensor, graph: GraphBuilder) -> Tensor:
    """Return (x + sqrt(x**2 + 4)) / 2."""
    square = graph.apply("Mul", tensor, tensor.name)
    root = graph.apply("Sqrt", graph.apply("Add", square, graph.numbers("four", 4)))
    return graph.apply("Div", graph.apply("Add", tensor, root.name), graph.numbers("two", 2))


def _sparse_plus(_options: Options, tensor: Tensor, graph: GraphBuilder) -> Tensor:
    """Return x if x is at least 1, else (max(x, -1) + 1)**2 / 4."""
    one = graph.numbers("one", 1)
    bounded = graph.apply("Clip", tensor, graph.numbers("min", -1))
    raised = graph.apply("Add", bounded, one)
    square = graph.apply("Mul", raised, raised.name)
    curve = graph.apply("Mul", square, graph.numbers("quarter", 0.25))
    below = graph.operator("Less", [tensor.name, one])
    return replace(tensor, name=graph.operator("Where", [below, curve.name, tensor.name]))


def _glu(options: Options, tensor: Tensor, graph: GraphBuilder) -> Tensor:
    """Return the first half of the last axis, times the sigmoid of the second."""
    size = tensor.shape[-1]
    if size is None or size % 2:
        raise options.unsupported(f"halves the last axis of the shape {tensor.shape}")
    halves = graph.operators(
        "Split",
        [tensor.name, graph.integers("sizes", [size // 2] * 2)],
        ["First", "Second"],
        axis=tensor.stored_axis(-1),
    )
    first, second = (
        replace(tensor, name=name, shape=(*tensor.shape[:-1], size // 2)) for name in halves
    )
    return graph.apply("Mul", first, graph.apply("Sigmoid", second).name)


def _sparsemax(options: Options, tensor: Tensor, graph: GraphBuilder) -> Tensor:
    """Return max(x - tau, 0) along the last axis, as Keras computes it.

    With x in descending order, the values with x > (sum so far - 1) / count so far are kept.
    In Keras tau is (the sum of all such sums - 1) / their number; in the paper it uses the last of
    these sums (Martins and Astudillo 2016, algorithm 1).
    """
    size = tensor.shape[-1]
    if size is None:
        raise options.unsupported("sorts an axis of unknown size")
    options.require_small(size, "numbers in a row")
    tensor = graph.channels_last(tensor)
    one, zero = graph.numbers("one", 1), graph.numbers("zero", 0)
    top = [tensor.name, graph.integers("size", [size])]
    falling, _ = graph.operators("TopK", top, ["Values", "Indices"], axis=-1)
    sums = graph.operator("CumSum", [falling, graph.integers("axis", -1)])
    counts = graph.numbers("counts", range(1, size + 1))
    bounds = graph.operator("Div", [graph.operator("Sub", [sums, one]), counts])
    support = graph.operator("Greater", [falling, bounds])
    kept = graph.operator("Where", [support, sums, zero])
    ones = graph.operator("Where", [support, one, zero])
    total = reduced("ReduceSum", kept, [-1], graph, keepdims=True)
    number = reduced("ReduceSum", ones, [-1], graph, keepdims=True)
    tau = graph.operator("Div", [graph.operator("Sub", [total, one]), number])
    return graph.apply("Relu", graph.apply("Sub", tensor, tau))


FUNCTIONS: Mapping[str, ActivationFunction] = {
    "gelu": _gelu,
    "glu": _glu,
    "hard_shrink": _hard_shrink,
    "hard_sigmoid": _hard_sigmoid,
    "hard_silu": _hard_silu,
    "hard_swish": _hard_silu,
    "hard_tanh": _hard_tanh,
    "leaky_relu": _leaky_relu,
    "log_sigmoid": _log_sigmoid,
    "log_softmax": _log_softmax,
    "log_softmax_v2": _log_softmax,  # the name that Keras 2 writes for tf.nn.log_softmax
    "mish": _mish,
    "relu6": _relu6,
    "silu": _swish,
    "soft_shrink": _soft_shrink,
    "softmax": _softmax,
    "softmax_v2": _softmax,  # the name that Keras 2 writes for tf.nn.softmax
    "sparse_plus": _sparse_plus,
    "sparse_sigmoid": _sparse_sigmoid,
    "sparsemax": _sparsemax,
    "squareplus": _squareplus,
    "swish": _swish,
    "tanh_shrink": _tanh_shrink,
}
"""The other activations."""
