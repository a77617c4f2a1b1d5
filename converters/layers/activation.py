"""Activations: by name inside other layers, and as layers of their own."""

from collections.abc import Callable, Mapping
from typing import Any

from onnxfi.converters.graph_builder import GraphBuilder, Tensor
from onnxfi.converters.layer_call import LayerCall, LayerResult, Options

# Activations that are one ONNX operator without attributes.
_OPERATORS = {
    "relu": "Relu",
    "sigmoid": "Sigmoid",
    "tanh": "Tanh",
    "softplus": "Softplus",
    "softsign": "Softsign",
    "exponential": "Exp",
    "elu": "Elu",  # alpha is 1 in both
    "selu": "Selu",  # ONNX has the constants of Keras as its defaults
}

# Slope of hard_sigmoid by major version of Keras; one file gives other numbers in the other Keras.
HARD_SIGMOID_SLOPE = {2: 0.2, 3: 1 / 6}


def activate(options: Options, tensor: Tensor, graph: GraphBuilder) -> LayerResult:
    """Apply the built-in activation of a layer to the layer's operator output.

    Args:
        options: the layer's configuration; its option ``activation`` counts.
        tensor: output of the layer's operator.
        graph: the graph that grows.

    Returns:
        The activated tensor, with `tensor` as the operator; `tensor` alone where the activation
        is linear.

    Raises:
        UnsupportedLayerError: the activation has no translation.
    """
    activated = apply_activation(options, options.get("activation"), tensor, graph)
    return LayerResult(tensor) if activated is tensor else LayerResult(activated, tensor)


def apply_activation(
    options: Options, activation: Any, tensor: Tensor, graph: GraphBuilder
) -> Tensor:
    """Return the activated tensor; `tensor` itself where the activation is linear or null.

    Args:
        options: configuration of the layer that has the activation.
        activation: a name, or the serialised form of a function or of an activation layer.
        tensor: what to activate, in either layout.
        graph: the graph that grows.

    Raises:
        UnsupportedLayerError: the activation has no translation.
    """
    if isinstance(activation, dict):
        layer_class = activation.get("class_name")
        config = activation.get("config")
        if isinstance(layer_class, str) and layer_class in _LAYERS and isinstance(config, dict):
            inner = Options(options.path, layer_class, config, options.keras_major)
            return _LAYERS[layer_class](inner, tensor, graph)
        activation = config.get("name") if isinstance(config, dict) else config
        if not isinstance(activation, str):
            activation = layer_class
    if activation in (None, "linear"):
        return tensor
    if not isinstance(activation, str):
        raise options.wrong("activation", activation, "a name")
    if activation in _OPERATORS:
        return graph.apply(_OPERATORS[activation], tensor)
    if activation in _FUNCTIONS:
        return _FUNCTIONS[activation](options, tensor, graph)
    raise options.unsupported(f"has the activation {activation!r}, which has no translation")


def translate_activation(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate Activation."""
    activation = call.options.get("activation")
    return LayerResult(apply_activation(call.options, activation, call.input, graph))


def translate_activation_layer(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate ReLU, LeakyReLU, ELU and Softmax."""
    function = _LAYERS[call.options.layer_class]
    return LayerResult(function(call.options, call.input, graph))


def _relu6(_options: Options, tensor: Tensor, graph: GraphBuilder) -> Tensor:
    return graph.apply("Clip", tensor, graph.numbers("min", 0), graph.numbers("max", 6))


def _softmax(_options: Options, tensor: Tensor, graph: GraphBuilder) -> Tensor:
    return graph.apply("Softmax", tensor, axis=tensor.stored_axis(-1))


def _gelu(_options: Options, tensor: Tensor, graph: GraphBuilder) -> Tensor:
    """Return x / 2 * (1 + erf(x / sqrt(2)))."""
    scaled = graph.apply("Mul", tensor, graph.numbers("sqrt_half", 0.5**0.5))
    error = graph.apply("Erf", scaled)
    weight = graph.apply("Add", error, graph.numbers("one", 1))
    half = graph.apply("Mul", tensor, graph.numbers("half", 0.5))
    return graph.apply("Mul", half, weight.name)


def _swish(_options: Options, tensor: Tensor, graph: GraphBuilder) -> Tensor:
    return graph.apply("Mul", tensor, graph.apply("Sigmoid", tensor).name)


def _leaky_relu(_options: Options, tensor: Tensor, graph: GraphBuilder) -> Tensor:
    return graph.apply("LeakyRelu", tensor, alpha=0.2)


def _hard_sigmoid(options: Options, tensor: Tensor, graph: GraphBuilder) -> Tensor:
    slope = HARD_SIGMOID_SLOPE[options.keras_major]
    return graph.apply("HardSigmoid", tensor, alpha=slope, beta=0.5)


_FUNCTIONS: Mapping[str, Callable[[Options, Tensor, GraphBuilder], Tensor]] = {
    "relu6": _relu6,
    "softmax": _softmax,
    "gelu": _gelu,
    "swish": _swish,
    "silu": _swish,
    "leaky_relu": _leaky_relu,
    "hard_sigmoid": _hard_sigmoid,
}


def _relu_layer(options: Options, tensor: Tensor, graph: GraphBuilder) -> Tensor:
    slope = options.number("negative_slope", 0.0)
    threshold = options.number("threshold", 0.0)
    largest = options.number("max_value")
    if slope and threshold:
        raise options.unsupported("has both a negative slope and a threshold")
    if slope:
        tensor = graph.apply("LeakyRelu", tensor, alpha=slope)
    elif threshold:
        tensor = graph.apply("ThresholdedRelu", tensor, alpha=threshold)
    elif largest is None:
        return graph.apply("Relu", tensor)
    if largest is None:
        return tensor
    smallest = "" if slope else graph.numbers("min", 0)
    return graph.apply("Clip", tensor, smallest, graph.numbers("max", largest))


def _leaky_relu_layer(options: Options, tensor: Tensor, graph: GraphBuilder) -> Tensor:
    # Keras 2 calls it alpha, Keras 3 negative_slope.
    slope = options.number("negative_slope", options.number("alpha", 0.3))
    return graph.apply("LeakyRelu", tensor, alpha=slope)


def _elu_layer(options: Options, tensor: Tensor, graph: GraphBuilder) -> Tensor:
    return graph.apply("Elu", tensor, alpha=options.number("alpha", 1.0))


def _softmax_layer(options: Options, tensor: Tensor, graph: GraphBuilder) -> Tensor:
    axis = options.integer("axis", -1)
    if not -tensor.rank <= axis < tensor.rank:
        raise options.wrong("axis", axis, f"an axis of the shape {tensor.shape}")
    return graph.apply("Softmax", tensor, axis=tensor.stored_axis(axis))


_LAYERS: Mapping[str, Callable[[Options, Tensor, GraphBuilder], Tensor]] = {
    "ReLU": _relu_layer,
    "LeakyReLU": _leaky_relu_layer,
    "ELU": _elu_layer,
    "Softmax": _softmax_layer,
}
