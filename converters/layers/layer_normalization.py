"""LayerNormalization: each sample by itself, over its last axes."""

from dataclasses import replace

import numpy as np

from onnxfi.converters.graph_builder import GraphBuilder, Tensor
from onnxfi.converters.layer_call import LayerCall, LayerResult, Options, is_whole
from onnxfi.converters.layers.unit_normalization import over_root_mean_square

_FIRST_OPSET = 17  # that has the operator


def translate_layer_normalization(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate LayerNormalization: (x - mean) / sqrt(variance + epsilon) * gamma + beta."""
    options = call.options
    tensor = graph.channels_last(call.input)
    axes = _last_axes(options, tensor)
    shape = tuple(size for size in tensor.shape[axes[0] :] if size is not None)
    if len(shape) != len(axes):
        raise options.unsupported(f"normalises axes of unknown size of the shape {tensor.shape}")
    gamma = call.weight("gamma", shape) if "gamma" in call.weights else np.ones(shape, np.float32)
    beta = call.weight("beta", shape) if "beta" in call.weights else np.zeros(shape, np.float32)
    scale = graph.weight(call.weights_path, "gamma", gamma)
    shift = graph.weight(call.weights_path, "beta", beta)
    epsilon = options.number("epsilon", 1e-3)
    if options.get("rms_scaling"):
        ratio = over_root_mean_square(tensor.name, axes, epsilon or 0.0, graph)
        return LayerResult(graph.apply("Mul", replace(tensor, name=ratio), scale))
    if graph.opset >= _FIRST_OPSET:
        normalised = graph.apply(
            "LayerNormalization", tensor, scale, shift, axis=axes[0], epsilon=epsilon
        )
        return LayerResult(normalised)
    # ReduceMean has its axes as an attribute in these opsets.
    mean = graph.operator("ReduceMean", [tensor.name], axes=axes, keepdims=1)
    centred = graph.operator("Sub", [tensor.name, mean])
    square = graph.operator("Mul", [centred, centred])
    variance = graph.operator("ReduceMean", [square], axes=axes, keepdims=1)
    spread = graph.operator("Add", [variance, graph.numbers("epsilon", epsilon or 0)])
    ratio = graph.operator("Div", [centred, graph.operator("Sqrt", [spread])])
    scaled = graph.operator("Mul", [ratio, scale])
    return LayerResult(replace(tensor, name=graph.operator("Add", [scaled, shift])))


def _last_axes(options: Options, tensor: Tensor) -> list[int]:
    """Return the axes, which must be the last ones."""
    value = options.get("axis", -1)
    axes = value if isinstance(value, list) else [value]
    if not axes or not all(is_whole(axis) and -tensor.rank <= axis < tensor.rank for axis in axes):
        raise options.wrong("axis", value, f"axes of the shape {tensor.shape}")
    numbers = sorted(axis % tensor.rank for axis in axes)
    if numbers != list(range(tensor.rank - len(axes), tensor.rank)) or numbers[0] == 0:
        raise options.unsupported(f"normalises the axes {value} of the shape {tensor.shape}")
    return numbers
