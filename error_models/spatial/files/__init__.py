"""Files of spatial models: reads every known format, writes onnxfi's own."""

from onnxfi.error_models.spatial.files.spatial_file import (
    SpatialFile,
    format_spatial_file,
    read_spatial_file,
)

__all__ = [
    "SpatialFile",
    "format_spatial_file",
    "read_spatial_file",
]
