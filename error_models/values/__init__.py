"""Values of tensors: their bits, classes, ranges and profiles."""

from onnxfi.error_models.values.bit_choice import bits_of_dtype
from onnxfi.error_models.values.bit_layout import BitLayout, bit_layout, flip_bits
from onnxfi.error_models.values.profile import Profile, TensorProfile
from onnxfi.error_models.values.value_class import (
    VALUE_CLASSES,
    ValueClass,
    class_numbers,
    classify_values,
    finite_range,
    to_float64,
)

__all__ = [
    "VALUE_CLASSES",
    "BitLayout",
    "Profile",
    "TensorProfile",
    "ValueClass",
    "bit_layout",
    "bits_of_dtype",
    "class_numbers",
    "classify_values",
    "finite_range",
    "flip_bits",
    "to_float64",
]
