"""Refusing calls whose arguments the native route would not heed."""

from collections.abc import Mapping
from typing import Any

from onnxfi.converters.keras_files.values import leaves
from onnxfi.converters.native.layer_table import ANY_TYPE, CALL_ARGUMENTS
from onnxfi.converters.translation.graph_builder import Tensor
from onnxfi.converters.translation.layer_call import Options
from onnxfi.converters.translation.operands import FLOATS

TENSORFLOW_FUNCTIONS = ("SlicingOpLambda", "TFOpLambda", "TensorFlowOpLayer")
"""Layers of Keras 2 that are functions or operators of TensorFlow."""

INTEGER_TYPES = ("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32")
"""Types besides float32 that an input of a model may have."""


def is_operation(layer_class: str) -> bool:
    """Say whether an entry among the layers of a file is an operation: it checks its arguments."""
    return layer_class.startswith("ops.") or layer_class in TENSORFLOW_FUNCTIONS


def require_arguments(
    options: Options, arguments: tuple[Any, ...], keywords: Mapping[str, Any]
) -> None:
    """Refuse a call with arguments that the translation of the layer does not read.

    Args:
        options: the layer.
        arguments: its positional arguments.
        keywords: its keyword arguments, without the mask.

    Raises:
        UnsupportedLayerError: the layer is called on a constant, on integers, or with another
            keyword argument than `CALL_ARGUMENTS` lists.
    """
    layer_class = options.layer_class
    if is_operation(layer_class):
        return
    for key, value in keywords.items():
        if key not in CALL_ARGUMENTS.get(layer_class, ()):
            tensors = any(leaves(value, Tensor))
            shown = "a tensor" if tensors else str(value)[:60]
            raise options.unsupported(f"is called with the argument {key}={shown}")
    for kind in (str, int, float):
        for constant in leaves(arguments, kind):
            raise options.unsupported(f"is called on the constant {constant!r}")
    if layer_class not in ANY_TYPE:
        for tensor in leaves((arguments, keywords), Tensor):
            if tensor.dtype not in FLOATS:
                raise options.unsupported(f"is called on a tensor of type {tensor.dtype}")
