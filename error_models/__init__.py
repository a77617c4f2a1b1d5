"""Error models: how a corrupted tensor looks.

Knows numpy and nothing of ONNX. An error model draws a corruption, a sparse patch, from a golden
tensor and a random generator.
"""

from onnxfi.error_models.bit_flip import BitFlip
from onnxfi.error_models.bit_layout import BitLayout, bit_layout
from onnxfi.error_models.corruption import Corruption
from onnxfi.error_models.dense_sites import read_dense_sites, write_dense_sites
from onnxfi.error_models.error_model import ErrorModel
from onnxfi.error_models.random_value import RandomValue
from onnxfi.error_models.registry import ERROR_MODELS, from_dict, load
from onnxfi.error_models.site_list import SiteList
from onnxfi.error_models.spatial_model import SpatialModel
from onnxfi.error_models.zero import Zero

__all__ = [  # noqa: RUF022  # grouped, not sorted
    # the concepts
    "Corruption",
    "ErrorModel",
    # the error models
    "BitFlip",
    "RandomValue",
    "SpatialModel",
    "Zero",
    # by name
    "ERROR_MODELS",
    "from_dict",
    "load",
    # corruptions in files
    "SiteList",
    "read_dense_sites",
    "write_dense_sites",
    # the bits of a dtype
    "BitLayout",
    "bit_layout",
]
