"""Translates activations, by name inside other layers and as layers of their own."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from onnxfi.converters.keras_files.values import is_whole
from onnxfi.converters.layers.activation_functions import (
    FUNCTIONS,
    OPERATORS,
    ActivationFunction,
    softmax,
)
from onnxfi.converters.options.known import KnownOptions, layer_options
from onnxfi.converters.options.refusals import class_of, no_translation, user_code
from onnxfi.converters.translation.dtype_policy import compute_type
from onnxfi.converters.translation.graph_builder import GraphBuilder
from onnxfi.converters.translation.layer_call import LayerCall, LayerResult, Options, WeightRole
from onnxfi.converters.translation.layer_kind import LayerKind, MaskRule
from onnxfi.converters.translation.option_checks import require_known_options
from onnxfi.converters.translation.reductions import reduced
from onnxfi.converters.translation.tensor import Tensor

# Activations of Keras that have no translation.
_OTHERS_OF_KERAS = ("threshold",)


def activate(options: Options, tensor: Tensor, graph: GraphBuilder) -> LayerResult:
    """Apply the built-in activation of a layer to the layer's operator output.

    Args:
        options: the layer's configuration, with the option ``activation``.
        tensor: output of the layer's operator.
        graph: the graph that grows.

    Returns:
        The activated tensor, with `tensor` as the operator; `tensor` alone if the activation is
        linear.

    Raises:
        UnsupportedLayerError: the activation has no translation.
    """
    activated = apply_activation(options, options.get("activation"), tensor, graph)
    return LayerResult(tensor) if activated is tensor else LayerResult(activated, tensor)


def apply_activation(
    options: Options, activation: Any, tensor: Tensor, graph: GraphBuilder
) -> Tensor:
    """Return the activated tensor; `tensor` itself if the activation is linear or null.

    Args:
        options: configuration of the layer that has the activation.
        activation: a name, or the serialised form of a function or of an activation layer.
        tensor: the tensor to activate, in either layout.
        graph: the graph that grows.

    Raises:
        UnsupportedLayerError: the activation has no translation.
    """
    if isinstance(activation, dict) and isinstance(activation.get("config"), dict):
        layer = Options(
            options.path, class_of(activation), activation["config"], options.keras_major
        )
        return _apply_layer(options, layer, tensor, graph)
    name = _function_name(options, activation)
    if name in (None, "linear"):
        return tensor
    if name in OPERATORS:
        return graph.apply(OPERATORS[name], tensor)
    if name in FUNCTIONS:
        return FUNCTIONS[name](options, tensor, graph)
    if name in _OTHERS_OF_KERAS:
        raise options.unsupported(f"has the activation {name!r}, which has no translation")
    raise user_code(
        options.path,
        options.layer_class,
        f"has the activation {name!r}, a function that is not of Keras and not in the file",
    )


def _function_name(options: Options, activation: Any) -> str | None:
    """Return the name of a function of Keras; other functions are user code."""
    if isinstance(activation, dict) and activation.get("class_name") == "function":
        activation = activation.get("config")
    if activation is None or isinstance(activation, str):
        return activation
    raise user_code(options.path, options.layer_class, "has a Python function as its activation")


def _apply_layer(options: Options, layer: Options, tensor: Tensor, graph: GraphBuilder) -> Tensor:
    """Apply an activation that is a layer."""
    function, known = _FUNCTIONS.get(layer.layer_class, (None, _ACTIVATION_OPTIONS))
    if function is None and layer.layer_class != "Activation":
        raise no_translation(
            options.path, options.layer_class, role="activation", inner=layer.layer_class
        )
    require_known_options(layer, known)
    if compute_type(layer) != compute_type(options):
        raise options.unsupported(f"has an activation with the dtype policy {compute_type(layer)}")
    if function is None:
        return apply_activation(options, layer.get("activation"), tensor, graph)
    return function(layer, tensor, graph)


def translate_activation(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate Activation."""
    activation = call.options.get("activation")
    return LayerResult(apply_activation(call.options, activation, call.input, graph))


def translate_activation_layer(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate ReLU, LeakyReLU, ThresholdedReLU, ELU and Softmax."""
    function, _ = _FUNCTIONS[call.options.layer_class]
    return LayerResult(function(call.options, call.input, graph))


def prelu_weights(_options: Options) -> tuple[WeightRole, ...]:
    """Return the weights of PReLU: a slope for each element, with size 1 on shared axes."""
    return (WeightRole("alpha"),)


def translate_prelu(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate PReLU: x, or alpha * x where x is negative."""
    tensor = call.input
    shared = call.options.get("shared_axes", [])
    sizes = [1 if axis in shared else size for axis, size in enumerate(tensor.shape)][1:]
    if None in sizes:
        raise call.options.unsupported(f"has a slope for each element of {tensor.shape}")
    alpha = call.weight("alpha", tuple(size for size in sizes if size is not None))
    if tensor.channels_first:
        alpha = np.moveaxis(alpha, -1, 0)
    slope = graph.weight(call.weights_path, "alpha", alpha)
    return LayerResult(graph.apply("PRelu", tensor, slope))


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


def _thresholded_relu_layer(options: Options, tensor: Tensor, graph: GraphBuilder) -> Tensor:
    return graph.apply("ThresholdedRelu", tensor, alpha=options.number("theta", 1.0))


def _softmax_layer(options: Options, tensor: Tensor, graph: GraphBuilder) -> Tensor:
    axes = options.get("axis", -1)
    axes = axes if isinstance(axes, list) else [axes]
    if not axes or not all(is_whole(x) and -tensor.rank <= x < tensor.rank for x in axes):
        raise options.wrong("axis", axes, f"axes of the shape {tensor.shape}")
    if len(axes) == 1:
        return softmax(tensor, axes[0], graph)
    stored = sorted({tensor.stored_axis(axis) for axis in axes})
    largest = reduced("ReduceMax", tensor.name, stored, graph, keepdims=True)
    powers = graph.apply("Exp", graph.apply("Sub", tensor, largest))
    total = reduced("ReduceSum", powers.name, stored, graph, keepdims=True)
    return graph.apply("Div", powers, total)


SOFTMAX_OPTIONS = layer_options("axis", fixed={"robust_masking": False})
"""The options of Softmax, as a layer or as the activation of a layer."""

_ACTIVATION_OPTIONS = layer_options("activation")

# Activation layers, which may also be the activation of another layer.
_FUNCTIONS: Mapping[str, tuple[ActivationFunction, KnownOptions]] = {
    "ELU": (_elu_layer, layer_options("alpha")),
    "LeakyReLU": (_leaky_relu_layer, layer_options("alpha", "negative_slope")),
    "ReLU": (_relu_layer, layer_options("max_value", "negative_slope", "threshold")),
    "Softmax": (_softmax_layer, SOFTMAX_OPTIONS),
    "ThresholdedReLU": (_thresholded_relu_layer, layer_options("theta")),
}

LAYERS: Mapping[str, LayerKind] = {
    "Activation": LayerKind(
        translate=translate_activation, options=_ACTIVATION_OPTIONS, mask=MaskRule.PASSED
    ),
    "PReLU": LayerKind(
        translate=translate_prelu,
        options=layer_options("shared_axes"),
        weights=prelu_weights,
        mask=MaskRule.PASSED,
    ),
    **{
        name: LayerKind(translate=translate_activation_layer, options=options, mask=MaskRule.PASSED)
        for name, (_, options) in _FUNCTIONS.items()
        if name != "Softmax"  # its layer heeds a Keras mask
    },
}
"""The layers of this module, by class."""
