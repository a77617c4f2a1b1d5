"""BatchNormalization, which stays a node of its own: it is a target of faults."""

import numpy as np

from onnxfi.converters.graph_builder import GraphBuilder, Tensor
from onnxfi.converters.layer_call import LayerCall, LayerResult, Options, WeightRole


def scale_and_shift(options: Options) -> tuple[WeightRole, ...]:
    """Weights of a layer that scales and shifts what it normalised, where it does."""
    flags = (("gamma", "scale"), ("beta", "center"))
    return tuple(WeightRole(role) for role, option in flags if options.flag(option, True))


def batch_normalization_weights(options: Options) -> tuple[WeightRole, ...]:
    """Weights of BatchNormalization: gamma and beta where it has them, and the two statistics."""
    statistics = ("moving_mean", "moving_variance")
    moving = (WeightRole(name, trainable=False) for name in statistics)
    return (*scale_and_shift(options), *moving)


def translate_batch_normalization(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate BatchNormalization; without gamma it is 1, without beta 0."""
    tensor, channels = channels_second(call, graph)
    roles = ("gamma", "beta", "moving_mean", "moving_variance")
    values = {role: call.weight(role, (channels,)) for role in roles if role in call.weights}
    values.setdefault("gamma", np.ones(channels, np.float32))
    values.setdefault("beta", np.zeros(channels, np.float32))
    parameters = [graph.weight(call.weights_path, role, values[role]) for role in roles]
    epsilon = call.options.number("epsilon", 1e-3)
    return LayerResult(graph.apply("BatchNormalization", tensor, *parameters, epsilon=epsilon))


def channels_second(call: LayerCall, graph: GraphBuilder) -> tuple[Tensor, int]:
    """Return the input stored with the axis that the option ``axis`` names behind the batch.

    Returns:
        The tensor and the size of that axis, which is the last one or the second.

    Raises:
        UnsupportedLayerError: it is another axis, or its size is not known.
    """
    tensor = call.input
    axis = call.options.integer("axis", -1)
    if axis in (-1, tensor.rank - 1):
        stored = graph.channels_first(tensor)
    elif axis in (1, 1 - tensor.rank):
        stored = graph.channels_last(tensor)
    else:
        raise call.options.unsupported(f"normalises axis {axis} of the shape {tensor.shape}")
    size = tensor.shape[axis]
    if size is None:
        raise call.options.unsupported("has an input with an unknown number of channels")
    return stored, size
