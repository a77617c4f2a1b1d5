"""Translates reductions: sums, means, extremes, and positions of extremes."""

import math
from collections.abc import Mapping
from dataclasses import replace

from onnx import TensorProto

from onnxfi.converters.translation.graph_builder import GraphBuilder
from onnxfi.converters.translation.layer_call import LayerCall, LayerResult
from onnxfi.converters.translation.layer_kind import LayerKind, operation
from onnxfi.converters.translation.operands import FLOATS, axes_of, cast, one_axis
from onnxfi.converters.translation.reductions import reduced
from onnxfi.converters.translation.tensor import Tensor

_OPERATORS: Mapping[str, str] = {
    "All": "ReduceMin",
    "Amax": "ReduceMax",
    "Amin": "ReduceMin",
    "Any": "ReduceMax",
    "Logsumexp": "ReduceLogSumExp",
    "Max": "ReduceMax",
    "Mean": "ReduceMean",
    "Min": "ReduceMin",
    "Prod": "ReduceProd",
    "Sum": "ReduceSum",
}
_TRUTH = ("All", "Any")
_POSITIONS = {"Argmax": "ArgMax", "Argmin": "ArgMin"}


def translate_reduction(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate a reduction over some axes, or over all; truth values are reduced as 0 and 1."""
    kind = call.options.layer_class.removeprefix("ops.")
    if call.options.get("initial") is not None:
        raise call.options.unsupported("starts from an initial value")
    if kind in _TRUTH:
        if call.input.dtype != "bool":
            raise call.options.unsupported(f"reduces values of the type {call.input.dtype}")
        counted = cast(call.input, "int32", graph)
        result = _reduce(call, counted, _OPERATORS[kind], graph)
        return LayerResult(replace(cast(result, "bool", graph), channels=None))
    tensor = _averaged(call, graph) if kind in ("Logsumexp", "Mean") else call.input
    return LayerResult(_reduce(call, tensor, _OPERATORS[kind], graph))


def translate_variance(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate Var and Std: the mean of the squared distances from the mean, and its root."""
    tensor = _averaged(call, graph)
    axes = sorted({tensor.stored_axis(x) for x in axes_of(call, _axis(call), tensor.rank)})
    mean = reduced("ReduceMean", tensor.name, axes, graph, keepdims=True)
    centred = graph.apply("Sub", tensor, mean)
    square = graph.apply("Mul", centred, centred.name)
    variance = _reduce(call, square, "ReduceMean", graph)
    if call.options.layer_class == "ops.Std":
        variance = graph.apply("Sqrt", variance)
    return LayerResult(variance)


def translate_position(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate Argmax and Argmin along one axis; the first of equal values counts."""
    kind = call.options.layer_class.removeprefix("ops.")
    tensor = graph.channels_last(call.input)
    axis = one_axis(call, tensor.rank)
    keep = call.options.flag("keepdims", False)
    name = graph.operator(_POSITIONS[kind], [tensor.name], axis=axis, keepdims=int(keep))
    dtype = str(call.options.get("output_type", "int32"))
    if dtype not in ("int32", "int64"):
        raise call.options.unsupported(f"returns positions of the type {dtype!r}")
    if dtype == "int32":
        name = graph.operator("Cast", [name], to=TensorProto.INT32)
    shape = _shape(tensor, [axis], keepdims=keep)
    batch = tensor.batch and axis > 0
    return LayerResult(
        replace(tensor, name=name, shape=shape, dtype=dtype, channels=None, batch=batch)
    )


def _reduce(call: LayerCall, tensor: Tensor, operator: str, graph: GraphBuilder) -> Tensor:
    keep = call.options.flag("keepdims", False)
    axes = sorted(set(axes_of(call, _axis(call), tensor.rank)))
    if not keep:
        tensor = graph.channels_last(tensor)
    stored = sorted(tensor.stored_axis(axis) for axis in axes)
    name = reduced(operator, tensor.name, stored, graph, keepdims=keep)
    channels = tensor.channels
    if channels is not None and not keep:
        channels %= tensor.rank
        channels = None if channels in axes else channels - sum(x < channels for x in axes)
    if operator == "ReduceProd" and tensor.name in graph.contents and not keep:
        sizes = [size for size in graph.contents[tensor.name] if isinstance(size, int)]
        if len(sizes) == len(graph.contents[tensor.name]):
            graph.contents[name] = (math.prod(sizes),)
    shape = _shape(tensor, axes, keepdims=keep)
    batch = tensor.batch and 0 not in axes
    return replace(tensor, name=name, shape=shape, channels=channels, batch=batch)


def _averaged(call: LayerCall, graph: GraphBuilder) -> Tensor:
    """Return the input of an average; Keras 3 casts whole numbers to float32."""
    tensor = call.input
    if call.options.keras_major == 2 or tensor.dtype in FLOATS:
        return tensor
    return cast(tensor, "float32", graph)


def _axis(call: LayerCall) -> object:
    return call.options.values.get("axis")


def _shape(tensor: Tensor, axes: list[int], *, keepdims: bool) -> tuple[int | None, ...]:
    if keepdims:
        return tuple(1 if i in axes else size for i, size in enumerate(tensor.shape))
    return tuple(size for i, size in enumerate(tensor.shape) if i not in axes)


OPERATIONS: Mapping[str, LayerKind] = {
    "All": operation(translate_reduction, "axis", "keepdims"),
    "Amax": operation(translate_reduction, "axis", "keepdims"),
    "Amin": operation(translate_reduction, "axis", "keepdims"),
    "Any": operation(translate_reduction, "axis", "keepdims"),
    "Argmax": operation(translate_position, "axis", "keepdims"),
    "Argmin": operation(translate_position, "axis", "keepdims"),
    "Logsumexp": operation(translate_reduction, "axis", "keepdims"),
    "Max": operation(translate_reduction, "axis", "keepdims", "initial"),
    "Mean": operation(translate_reduction, "axis", "keepdims"),
    "Min": operation(translate_reduction, "axis", "keepdims", "initial"),
    "Prod": operation(translate_reduction, "axis", "keepdims"),
    "Std": operation(translate_variance, "axis", "keepdims"),
    "Sum": operation(translate_reduction, "axis", "keepdims"),
    "Var": operation(translate_variance, "axis", "keepdims"),
}
"""The operations of Keras 3, by class."""
