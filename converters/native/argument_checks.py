"""Refuses calls with arguments that the translation of the layer does not read."""

from collections.abc import Mapping
from typing import Any

from onnxfi.converters.keras_files.values import leaves
from onnxfi.converters.translation.layer_call import Options
from onnxfi.converters.translation.operands import FLOATS
from onnxfi.converters.translation.tensor import Tensor


def require_arguments(
    options: Options,
    arguments: tuple[Any, ...],
    keywords: Mapping[str, Any],
    *,
    allowed: tuple[str, ...],
    any_type: bool,
) -> None:
    """Refuse a call with arguments that the translation of the layer does not read.

    Args:
        options: the layer.
        arguments: its positional arguments.
        keywords: its keyword arguments, without the Keras mask.
        allowed: keyword arguments that the translation reads.
        any_type: whether tensors may be of other types than floating-point numbers.

    Raises:
        UnsupportedLayerError: the layer is called on a constant, on a tensor of another type, or
            with another keyword argument.
    """
    for key, value in keywords.items():
        if key not in allowed:
            shown = "a tensor" if any(leaves(value, Tensor)) else str(value)[:60]
            raise options.unsupported(f"is called with the argument {key}={shown}")
    for kind in (str, int, float):
        for constant in leaves(arguments, kind):
            raise options.unsupported(f"is called on the constant {constant!r}")
    if not any_type:
        for tensor in leaves((arguments, keywords), Tensor):
            if tensor.dtype not in FLOATS:
                raise options.unsupported(f"is called on a tensor of type {tensor.dtype}")
