"""Converts a traced function with tf2onnx, and completes its result."""

import importlib
import logging
from typing import Any

import numpy as np
import onnx
from onnx import numpy_helper


def convert_function(function: Any, signature: Any, opset: int) -> onnx.ModelProto:
    """Convert a ``tf.function`` that returns a dictionary: its keys name the model's outputs.

    Args:
        function: the function, with an input signature.
        signature: the ``tf.TensorSpec`` of each argument, whose names are those of the inputs.
        opset: version of the default operator set.
    """
    tf2onnx = importlib.import_module("tf2onnx")
    logging.getLogger("tf2onnx").setLevel(logging.ERROR)
    converted, _ = tf2onnx.convert.from_function(
        function,
        input_signature=signature,
        opset=opset,
        custom_op_handlers={"Erfc": (_convert_erfc, [])},
    )
    graph = function.get_concrete_function(*signature).graph
    _bake_constants(converted, {inner.name: outer for outer, inner in graph.captures})
    result: onnx.ModelProto = converted
    return result


def _bake_constants(model: onnx.ModelProto, captured: dict[str, Any]) -> None:
    """Make initializers of the constants that tf2onnx turns into inputs without a value."""
    for value in list(model.graph.input):
        if value.name in captured:
            array = captured[value.name].numpy()
            model.graph.initializer.append(numpy_helper.from_array(array, value.name))
            model.graph.input.remove(value)


def _convert_erfc(context: Any, node: Any, _name: str, _arguments: list[Any]) -> None:
    """Replace Erfc, which tf2onnx does not convert, by 1 - Erf."""
    utils = importlib.import_module("tf2onnx.utils")
    source, result = node.input[0], node.output[0]
    dtype, shape = context.get_dtype(source), context.get_shape(source)
    context.remove_node(node.name)
    error = context.make_node("Erf", [source], shapes=[shape], dtypes=[dtype])
    one = context.make_const(
        utils.make_name("one"), np.array(1, dtype=utils.map_onnx_to_numpy_type(dtype))
    )
    context.make_node(
        "Sub",
        [one.output[0], error.output[0]],
        outputs=[result],
        name=node.name,
        shapes=[shape],
        dtypes=[dtype],
    )
