"""Translates normalisations by the length or by the root mean square."""

from collections.abc import Mapping
from dataclasses import replace

from onnxfi.converters.keras_files.values import is_whole
from onnxfi.converters.options.known import layer_options
from onnxfi.converters.translation.graph_builder import GraphBuilder
from onnxfi.converters.translation.layer_call import LayerCall, LayerResult, Options, WeightRole
from onnxfi.converters.translation.layer_kind import LayerKind, MaskRule
from onnxfi.converters.translation.operands import axes_of
from onnxfi.converters.translation.reductions import reduced
from onnxfi.converters.translation.tensor import Tensor


def rms_normalization_weights(_options: Options) -> tuple[WeightRole, ...]:
    """Return the weights of RMSNormalization: one factor for each channel."""
    return (WeightRole("scale"),)


def translate_unit_normalization(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate UnitNormalization: x over its length along the axes.

    The length is at least 1e-6 in Keras 2, and 1e-12 in Keras 3.
    """
    axes = call.options.get("axis", -1)
    axes = axes if isinstance(axes, list) else [axes]
    rank = call.input.rank
    if not axes or not all(is_whole(axis) and -rank <= axis < rank for axis in axes):
        raise call.options.wrong("axis", axes, f"axes of the shape {call.input.shape}")
    smallest = 1e-6 if call.options.keras_major == 2 else 1e-12
    return LayerResult(of_unit_length(call.input, axes, smallest, graph))


def of_unit_length(tensor: Tensor, axes: list[int], smallest: float, graph: GraphBuilder) -> Tensor:
    """Return a tensor over its length, at least `smallest`, along some axes of Keras."""
    square = graph.apply("Mul", tensor, tensor.name)
    stored = sorted({tensor.stored_axis(axis) for axis in axes})
    total = reduced("ReduceSum", square.name, stored, graph, keepdims=True)
    length = graph.operator("Sqrt", [total])
    bounded = graph.operator("Max", [length, graph.numbers("smallest", smallest)])
    return graph.apply("Div", tensor, bounded)


def translate_rms_normalization(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate RMSNormalization: x / sqrt(mean(x**2) + epsilon) * scale."""
    tensor = graph.channels_last(call.input)
    axes = axes_of(call, call.options.get("axis", -1), tensor.rank)
    sizes = tuple(size for size in (tensor.shape[axis] for axis in axes) if size is not None)
    if len(sizes) != len(axes) or 0 in axes:
        raise call.options.unsupported(f"normalises the axes {axes} of the shape {tensor.shape}")
    inner = tensor.shape[-len(sizes) :]
    # Keras does not move the scale to the axes: it fits the last ones or none.
    if any(scale not in (1, size) for scale, size in zip(sizes, inner, strict=True)):
        raise call.options.unsupported(
            f"normalises the axes {axes} of {tensor.shape}; its scale {sizes} does not fit"
        )
    scale = call.weight("scale", sizes)
    epsilon = call.options.number("epsilon", 1e-6) or 0.0
    name = over_root_mean_square(tensor.name, sorted(set(axes)), epsilon, graph)
    weight = graph.weight(call.weights_path, "scale", scale)
    return LayerResult(graph.apply("Mul", replace(tensor, name=name), weight))


def over_root_mean_square(tensor: str, axes: list[int], epsilon: float, graph: GraphBuilder) -> str:
    """Return x / sqrt(mean(x**2) + epsilon) along some axes of the tensor as stored."""
    square = graph.operator("Mul", [tensor, tensor])
    mean = reduced("ReduceMean", square, axes, graph, keepdims=True)
    raised = graph.operator("Add", [mean, graph.numbers("epsilon", epsilon)])
    return graph.operator("Div", [tensor, graph.operator("Sqrt", [raised])])


LAYERS: Mapping[str, LayerKind] = {
    "RMSNormalization": LayerKind(
        translate=translate_rms_normalization,
        options=layer_options("axis", "epsilon"),
        weights=rms_normalization_weights,
        float32_inside=True,
    ),
    "UnitNormalization": LayerKind(
        translate=translate_unit_normalization,
        options=layer_options("axis"),
        mask=MaskRule.PASSED,
    ),
}
"""The layers of this module, by class."""
