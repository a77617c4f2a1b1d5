"""Derives corruptions from faults in the hardware that computes an operator."""

from onnxfi.error_models.hardware.geometry import (
    Geometry,
    Shape,
    convolution,
    product,
    transposed_convolution,
)
from onnxfi.error_models.hardware.operation import Operation, OperationReader
from onnxfi.error_models.hardware.operators import OPERATORS, check_operator

__all__ = [
    "OPERATORS",
    "Geometry",
    "Operation",
    "OperationReader",
    "Shape",
    "check_operator",
    "convolution",
    "product",
    "transposed_convolution",
]
