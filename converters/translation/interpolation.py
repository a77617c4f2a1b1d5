"""Maps the interpolations of Keras and TensorFlow to the attributes of Resize in ONNX."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from onnxfi.converters.translation.layer_call import Options

INTERPOLATIONS: Mapping[str, Mapping[str, Any]] = {
    "nearest": {
        "mode": "nearest",
        "coordinate_transformation_mode": "half_pixel",
        "nearest_mode": "round_prefer_ceil",
    },
    "bilinear": {"mode": "linear", "coordinate_transformation_mode": "half_pixel"},
    "bicubic": {
        "mode": "cubic",
        "coordinate_transformation_mode": "half_pixel",
        "cubic_coeff_a": -0.5,
        "exclude_outside": 1,
    },
}
"""Attributes of Resize for each interpolation that ONNX computes in the same way."""

# TensorFlow reads bicubic weights from a table of this many offsets between two pixels.
_TABLE_SIZE = 1024


def interpolation_of(
    options: Options, default: str, lengths: Sequence[int | None], sizes: Sequence[int | None]
) -> Mapping[str, Any]:
    """Return the attributes of Resize for the option ``interpolation``.

    Args:
        options: the layer.
        default: the interpolation of a class without the option.
        lengths: sizes of the axes before.
        sizes: sizes of the axes after.

    Raises:
        UnsupportedLayerError: ONNX has no such interpolation, or TensorFlow rounds its weights.
    """
    name = options.choice("interpolation", default, *INTERPOLATIONS)
    if name == "bicubic":
        for length, size in zip(lengths, sizes, strict=True):
            if length is None or size is None or not _is_exact(length, size):
                raise options.unsupported(
                    f"resizes {length} to {size} pixels by bicubic interpolation, for which "
                    "TensorFlow rounds the weights or ONNX Runtime has no kernel"
                )
    return INTERPOLATIONS[name]


def _is_exact(length: int, size: int) -> bool:
    """Return whether all offsets of (i + 1/2) * length / size - 1/2 are in TensorFlow's table.

    For an image that becomes smaller, ONNX Runtime has a kernel for one layout only.
    """
    return size >= length and (Fraction(length, 2 * size) * _TABLE_SIZE).denominator == 1
