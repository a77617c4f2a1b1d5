"""BatchNormalization, which stays a node of its own: it is a target of faults."""

import numpy as np

from onnxfi.converters.graph_builder import GraphBuilder
from onnxfi.converters.layer_call import LayerCall, LayerResult, Options, WeightRole


def batch_normalization_weights(options: Options) -> tuple[WeightRole, ...]:
    """Weights of BatchNormalization: gamma and beta where it has them, and the two statistics."""
    roles = []
    if options.flag("scale", True):
        roles.append(WeightRole("gamma"))
    if options.flag("center", True):
        roles.append(WeightRole("beta"))
    statistics = ("moving_mean", "moving_variance")
    return (*roles, *(WeightRole(name, trainable=False) for name in statistics))


def translate_batch_normalization(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate BatchNormalization over the last axis; without gamma it is 1, without beta 0."""
    options = call.options
    axis = options.integer("axis", -1)
    if axis not in (-1, call.input.rank - 1):
        raise options.unsupported(f"normalises axis {axis} of the shape {call.input.shape}")
    channels = call.channels()
    defaults = {"gamma": np.ones(channels, np.float32), "beta": np.zeros(channels, np.float32)}
    parameters = []
    for role in ("gamma", "beta", "moving_mean", "moving_variance"):
        value = call.weight(role, (channels,)) if role in call.weights else defaults[role]
        parameters.append(graph.weight(call.weights_path, role, value))
    tensor = graph.channels_first(call.input)
    epsilon = options.number("epsilon", 1e-3)
    return LayerResult(graph.apply("BatchNormalization", tensor, *parameters, epsilon=epsilon))
