"""Translates Dot: the product of two tensors per sample, summed along an axis of each."""

from collections.abc import Mapping
from string import ascii_letters

from onnxfi.converters.keras_files.values import is_whole
from onnxfi.converters.layers.normalization.unit import of_unit_length
from onnxfi.converters.options.known import layer_options
from onnxfi.converters.translation.graph_builder import GraphBuilder
from onnxfi.converters.translation.layer_call import LayerCall, LayerResult
from onnxfi.converters.translation.layer_kind import LayerKind
from onnxfi.converters.translation.tensor import Tensor

_SMALLEST_LENGTH = 1e-6


def translate_dot(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate Dot; with `normalize`, vectors are divided by their lengths first."""
    if len(call.inputs) != 2:
        raise call.wrong_inputs(f"two tensors, got {len(call.inputs)}")
    tensors = [graph.channels_last(tensor) for tensor in call.inputs]
    axes = _axes(call, tensors)
    if sum(tensor.rank for tensor in tensors) > len(ascii_letters):
        raise call.options.unsupported("multiplies tensors with more axes than there are letters")
    if call.options.flag("normalize", False):
        tensors = [
            of_unit_length(tensor, [axis], _SMALLEST_LENGTH, graph)
            for tensor, axis in zip(tensors, axes, strict=True)
        ]
    batch, summed, *free = list(ascii_letters)
    terms, left, sizes = [], [], []
    for tensor, axis in zip(tensors, axes, strict=True):
        letters = {0: batch, axis: summed}
        for other in range(1, tensor.rank):
            if other != axis:
                letters[other] = free.pop(0)
                left.append(letters[other])
                sizes.append(tensor.shape[other])
        terms.append("".join(letters[i] for i in range(tensor.rank)))
    equation = f"{terms[0]},{terms[1]}->{batch}{''.join(left)}"
    name = graph.operator("Einsum", [tensor.name for tensor in tensors], equation=equation)
    if not left:  # Keras keeps the sum of two vectors as an axis
        name = graph.operator("Unsqueeze", [name, graph.integers("axes", [1])])
        sizes = [1]
    return LayerResult(Tensor(name, (None, *sizes)))


def _axes(call: LayerCall, tensors: list[Tensor]) -> list[int]:
    value = call.options.get("axes")
    axes = value if isinstance(value, list) else [value] * 2
    pairs = list(zip(axes, tensors, strict=False))
    if len(axes) != 2 or not all(is_whole(x) and x % y.rank > 0 for x, y in pairs):
        raise call.options.wrong("axes", value, "an axis behind the batch, or one for each tensor")
    return [axis % tensor.rank for axis, tensor in pairs]


LAYERS: Mapping[str, LayerKind] = {
    "Dot": LayerKind(translate=translate_dot, options=layer_options("axes", "normalize")),
}
"""The layers of this module, by class."""
