"""Translates LayerNormalization, which normalises each sample over some of its axes."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from onnxfi.converters.layers.normalization.batch import NORMALIZATION_OPTIONS, scale_and_shift
from onnxfi.converters.options.known import layer_options
from onnxfi.converters.translation.graph_builder import GraphBuilder
from onnxfi.converters.translation.layer_call import LayerCall, LayerResult, Options, WeightRole
from onnxfi.converters.translation.layer_kind import LayerKind, MaskRule
from onnxfi.converters.translation.operands import axes_of
from onnxfi.converters.translation.reductions import reduced

_FIRST_OPSET = 17  # first opset with the operator
_NO_EPSILON = 1e-7  # the default of Keras 3 for an epsilon of null


def layer_normalization_weights(options: Options) -> tuple[WeightRole, ...]:
    """Return the weights of LayerNormalization; with ``rms_scaling``, gamma alone."""
    if options.flag("rms_scaling", False):
        return (WeightRole("gamma"),)
    return scale_and_shift(options)


def translate_layer_normalization(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate LayerNormalization: (x - mean) / sqrt(variance + epsilon) * gamma + beta."""
    options = call.options
    tensor = graph.channels_last(call.input)
    value = options.get("axis", -1)
    given = axes_of(call, value, tensor.rank)
    if isinstance(value, list) and options.keras_major == 3:
        given = [axis % tensor.rank for axis in sorted(value)]
    axes = sorted(set(given))
    sizes = [tensor.shape[axis] for axis in axes]
    if not axes or 0 in axes or None in sizes:
        raise options.unsupported(f"normalises the axes {given} of the shape {tensor.shape}")
    # Keras stores the sizes in the order in which the axes are given, and reshapes the weights.
    stored = tuple(tensor.shape[axis] or 0 for axis in given)
    shape = tuple((tensor.shape[i] or 0) if i in axes else 1 for i in range(axes[0], tensor.rank))
    gamma, beta = (
        (call.weight(role, stored) if role in call.weights else np.full(stored, value, np.float32))
        for role, value in (("gamma", 1), ("beta", 0))
    )
    scale = graph.weight(call.weights_path, "gamma", gamma.reshape(shape))
    epsilon = options.number("epsilon", _NO_EPSILON if "epsilon" in options.values else 1e-3)
    rms_scaling = options.flag("rms_scaling", False)
    last = axes == list(range(axes[0], tensor.rank))
    if last and not rms_scaling and graph.opset >= _FIRST_OPSET:
        shift = graph.weight(call.weights_path, "beta", beta.reshape(shape))
        normalised = graph.apply(
            "LayerNormalization", tensor, scale, shift, axis=axes[0], epsilon=epsilon
        )
        return LayerResult(normalised)
    mean = reduced("ReduceMean", tensor.name, axes, graph, keepdims=True)
    centred = graph.operator("Sub", [tensor.name, mean])
    square = graph.operator("Mul", [centred, centred])
    variance = reduced("ReduceMean", square, axes, graph, keepdims=True)
    spread = graph.operator("Add", [variance, graph.numbers("epsilon", epsilon or 0)])
    # With rms_scaling Keras divides by the standard deviation, too, but keeps the mean.
    numerator = tensor.name if rms_scaling else centred
    ratio = graph.operator("Div", [numerator, graph.operator("Sqrt", [spread])])
    scaled = graph.operator("Mul", [ratio, scale])
    if not rms_scaling:
        shift = graph.weight(call.weights_path, "beta", beta.reshape(shape))
        scaled = graph.operator("Add", [scaled, shift])
    return LayerResult(replace(tensor, name=scaled))


LAYERS: Mapping[str, LayerKind] = {
    "LayerNormalization": LayerKind(
        translate=translate_layer_normalization,
        options=layer_options(*NORMALIZATION_OPTIONS, "rms_scaling"),
        weights=layer_normalization_weights,
        float32_inside=True,
        mask=MaskRule.PASSED,
    ),
}
"""The layers of this module, by class."""
