"""Translates BatchNormalization as a node of its own, because it is a target of faults."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from onnxfi.converters.options.known import OF_REFUSED, SAME_NUMBERS, STATISTICS, layer_options
from onnxfi.converters.translation.graph_builder import GraphBuilder
from onnxfi.converters.translation.layer_call import LayerCall, LayerResult, Options, WeightRole
from onnxfi.converters.translation.layer_kind import LayerKind, MaskRule, rows
from onnxfi.converters.translation.operands import axes_of
from onnxfi.converters.translation.tensor import Tensor


def scale_and_shift(options: Options) -> tuple[WeightRole, ...]:
    """Return gamma and beta, unless ``scale`` or ``center`` is false."""
    flags = (("gamma", "scale"), ("beta", "center"))
    return tuple(WeightRole(role) for role, option in flags if options.flag(option, True))


def batch_normalization_weights(options: Options) -> tuple[WeightRole, ...]:
    """Return the weights of BatchNormalization: gamma, beta, and the two statistics."""
    statistics = ("moving_mean", "moving_variance")
    moving = (WeightRole(name, trainable=False) for name in statistics)
    return (*scale_and_shift(options), *moving)


def translate_batch_normalization(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate BatchNormalization; a missing gamma is 1, a missing beta 0."""
    axes = _axes(call)
    turned = AxisSecond(call, axes, graph)
    tensor = call.input
    shape: tuple[int, ...] = (turned.size,)
    if len(axes) > 1:  # Keras stores a size of 1 for each of the other axes
        shape = tuple((tensor.shape[i] or 0) if i in axes else 1 for i in range(tensor.rank))
    roles = ("gamma", "beta", "moving_mean", "moving_variance")
    values = {role: call.weight(role, shape).reshape(-1) for role in roles if role in call.weights}
    values.setdefault("gamma", np.ones(turned.size, np.float32))
    values.setdefault("beta", np.zeros(turned.size, np.float32))
    parameters = [graph.weight(call.weights_path, role, values[role]) for role in roles]
    epsilon = call.options.number("epsilon", 1e-3)
    name = graph.operator("BatchNormalization", [turned.name, *parameters], epsilon=epsilon)
    return LayerResult(turned.back(name, graph))


def _axes(call: LayerCall) -> list[int]:
    value = call.options.get("axis", -1)
    return sorted(set(axes_of(call, value, call.input.rank)))


class AxisSecond:
    """The input of a layer, stored with one axis, or several merged into one, behind the batch.

    Args:
        call: the call.
        axes: axes of Keras, in their order, counted from the front.
        graph: the graph that grows.

    Attributes:
        name: the tensor as stored.
        size: size of its second axis.

    Raises:
        UnsupportedLayerError: the batch is among the axes, or a size is not known.
    """

    def __init__(self, call: LayerCall, axes: Sequence[int], graph: GraphBuilder) -> None:
        """Add the operators that move the axes."""
        tensor = call.input
        sizes = [size for size in (tensor.shape[axis] for axis in axes) if size is not None]
        if 0 in axes or not axes:
            raise call.options.unsupported(f"normalises the axes {axes} of {tensor.shape}")
        if len(sizes) != len(axes):
            raise call.options.unsupported("has an input with an unknown number of channels")
        self.size = math.prod(sizes)
        self._order: list[int] = []
        self._shape = ""
        if axes == [tensor.rank - 1]:
            self._tensor = graph.channels_first(tensor)
        else:
            self._tensor = graph.channels_last(tensor)
        self.name = self._tensor.name
        if list(axes) in ([tensor.rank - 1], [1]):
            return
        rest = [axis for axis in range(1, tensor.rank) if axis not in axes]
        self._order = [0, *axes, *rest]
        self.name = graph.operator("Transpose", [self.name], perm=self._order)
        if len(axes) > 1:
            self._shape = graph.operator("Shape", [self.name])
            joined = graph.integers("joined", [0, self.size, -1])
            self.name = graph.operator("Reshape", [self.name, joined])

    def back(self, name: str, graph: GraphBuilder) -> Tensor:
        """Return a tensor stored like this one as the input was."""
        if self._shape:
            name = graph.operator("Reshape", [name, self._shape])
        if self._order:
            back = [int(place) for place in np.argsort(self._order)]
            name = graph.operator("Transpose", [name], perm=back)
        return replace(self._tensor, name=name)


NORMALIZATION_OPTIONS = ("axis", "epsilon", "center", "scale")
"""Options of every layer that normalises, scales and shifts."""

_BATCH_NORMALIZATION = LayerKind(
    translate=translate_batch_normalization,
    options=layer_options(
        *NORMALIZATION_OPTIONS,
        fixed={"renorm": False, "virtual_batch_size": None},
        idle={
            "fused": SAME_NUMBERS,
            "momentum": STATISTICS,
            "renorm_clipping": OF_REFUSED,
            "renorm_momentum": OF_REFUSED,
            "synchronized": STATISTICS,
        },
    ),
    weights=batch_normalization_weights,
    float32_inside=True,
)

LAYERS: Mapping[str, LayerKind] = {
    "BatchNormalization": replace(_BATCH_NORMALIZATION, mask=MaskRule.PASSED),
    **rows(
        "BatchNormalizationV1 BatchNormalizationV2 SyncBatchNormalization", _BATCH_NORMALIZATION
    ),
}
"""The layers of this module, by class."""
