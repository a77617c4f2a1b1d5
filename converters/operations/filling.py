"""Translates functions whose argument is the shape of the result: constants, broadcasts."""

from collections.abc import Mapping

import numpy as np
from onnx import TensorProto, numpy_helper

from onnxfi.converters.keras_files.values import is_whole
from onnxfi.converters.operations.shape import shape_of
from onnxfi.converters.translation.graph_builder import BATCH, GraphBuilder
from onnxfi.converters.translation.layer_call import LayerCall, LayerResult, Translation
from onnxfi.converters.translation.operands import FLOATS
from onnxfi.converters.translation.tensor import Tensor

_VALUES = {"ops.Zeros": 0, "ops.Ones": 1}


def translate_fill(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate fill, zeros and ones: one value in a shape that may contain tensors."""
    options = call.options
    value = options.number("value", _VALUES.get(options.layer_class))
    given = options.get("value")
    dtype = options.get("dtype", "int32" if is_whole(given) else "float32")
    if value is None or dtype not in ("bool", "int32", "int64", *FLOATS):
        raise options.unsupported(f"fills with {options.get('value')} of the type {dtype!r}")
    shape, sizes = shape_of(call, call.arguments[0], graph)
    element = numpy_helper.from_array(np.array([value], dtype))
    name = graph.operator("ConstantOfShape", [shape], value=element)
    return LayerResult(_of_sizes(name, sizes, dtype))


def translate_broadcast_to(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate BroadcastTo a shape."""
    tensor = graph.channels_last(call.arguments[0])
    shape, sizes = shape_of(call, call.options.get("shape"), graph)
    if len(sizes) < tensor.rank or -1 in sizes:
        raise call.options.unsupported(f"broadcasts {tensor.shape} to {len(sizes)} axes")
    name = graph.operator("Expand", [tensor.name, shape])
    result = _of_sizes(name, sizes, tensor.dtype)
    return LayerResult(result)


def translate_count(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate size and rank: how many elements or axes a tensor has."""
    dtype = call.options.choice("dtype", "int32", "int32", "int64")
    if call.options.layer_class == "ops.Rank":
        rank = graph.constant("rank", call.input.rank, dtype)
        name = graph.operator("Identity", [rank])
    else:
        count = graph.operator("Size", [call.input.name])
        name = graph.operator("Cast", [count], to=getattr(TensorProto, dtype.upper()))
    return LayerResult(Tensor(name, (), dtype=dtype, channels=None, batch=False))


def _of_sizes(name: str, sizes: list[int | str | None], dtype: str) -> Tensor:
    shape = tuple(size if isinstance(size, int) else None for size in sizes)
    return Tensor(name, shape, dtype=dtype, batch=sizes[:1] == [BATCH])


TENSORFLOW_OPERATIONS: Mapping[str, Translation] = {
    "BroadcastTo": translate_broadcast_to,
    "Fill": translate_fill,
    "Ones": translate_fill,
    "Rank": translate_count,
    "Size": translate_count,
    "Zeros": translate_fill,
}
"""Functions of TensorFlow that are not operations of Keras 3."""
