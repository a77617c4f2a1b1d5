"""Translates GroupNormalization, which normalises each sample and group of channels."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from onnxfi.converters.layers.normalization.batch import (
    NORMALIZATION_OPTIONS,
    AxisSecond,
    scale_and_shift,
)
from onnxfi.converters.options.known import layer_options
from onnxfi.converters.translation.graph_builder import GraphBuilder
from onnxfi.converters.translation.layer_call import LayerCall, LayerResult
from onnxfi.converters.translation.layer_kind import LayerKind, MaskRule
from onnxfi.converters.translation.operands import axes_of


def translate_group_normalization(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate GroupNormalization: InstanceNormalization of the groups, then gamma and beta."""
    options = call.options
    axes = axes_of(call, options.integer("axis", -1), call.input.rank)
    turned = AxisSecond(call, axes, graph)
    channels = turned.size
    groups = options.integer("groups", 32)
    groups = channels if groups == -1 else groups
    if groups < 1 or channels % groups:
        raise options.wrong("groups", groups, f"a divisor of the {channels} channels")
    options.require_small(groups, "groups")
    shape = graph.operator("Shape", [turned.name])
    name = graph.operator("Reshape", [turned.name, graph.integers("groups", [0, groups, -1])])
    ones, zeros = graph.numbers("ones", np.ones(groups)), graph.numbers("zeros", np.zeros(groups))
    epsilon = options.number("epsilon", 1e-3)
    name = graph.operator("InstanceNormalization", [name, ones, zeros], epsilon=epsilon)
    name = graph.operator("Reshape", [name, shape])
    for role, operator in _STEPS.items():
        if role in call.weights:
            weight = graph.weight(call.weights_path, role, _column(call, role, channels))
            name = graph.operator(operator, [name, weight])
    return LayerResult(turned.back(name, graph))


_STEPS: Mapping[str, str] = {"gamma": "Mul", "beta": "Add"}


def _column(call: LayerCall, role: str, channels: int) -> NDArray[np.float32]:
    """Return a weight of the channels, which come second, in a shape that broadcasts."""
    return call.weight(role, (channels,)).reshape(channels, *(1,) * (call.input.rank - 2))


LAYERS: Mapping[str, LayerKind] = {
    "GroupNormalization": LayerKind(
        translate=translate_group_normalization,
        options=layer_options(*NORMALIZATION_OPTIONS, "groups"),
        weights=scale_and_shift,
        float32_inside=True,
        mask=MaskRule.PASSED,
        mask_in_keras_2=MaskRule.REFUSED,
    ),
}
"""The layers of this module, by class."""
