"""Draws spatial patterns and values as observed on real hardware."""

from onnxfi.error_models.spatial.spatial_model import SpatialModel

__all__ = [
    "SpatialModel",
]
