"""Provides error models, which draw corruptions of a golden tensor.

An error model draws a corruption, which is a sparse patch, from a golden tensor and a random
generator. The package depends on numpy and on nothing of ONNX.
"""

from onnxfi.error_models.bit_flip import BitFlip
from onnxfi.error_models.constant import Constant
from onnxfi.error_models.corruption import Corruption
from onnxfi.error_models.corruptions import Corruptions
from onnxfi.error_models.error_model import (
    BatchSampler,
    ErrorModel,
    Generators,
    Preparable,
    TargetInfo,
)
from onnxfi.error_models.infinity import Infinity
from onnxfi.error_models.nan import NaN
from onnxfi.error_models.noise import Noise
from onnxfi.error_models.random_value import RandomValue
from onnxfi.error_models.registry.loading import ERROR_MODELS, from_dict, load
from onnxfi.error_models.scale import Scale
from onnxfi.error_models.sites.dense_sites import read_dense_sites, write_dense_sites
from onnxfi.error_models.sites.region import Region
from onnxfi.error_models.sites.site_list import SiteList
from onnxfi.error_models.sites.uniform import values_at
from onnxfi.error_models.sitewise import SitewiseErrorModel
from onnxfi.error_models.spatial.spatial_model import SpatialModel
from onnxfi.error_models.stuck_at import StuckAt
from onnxfi.error_models.values.bit_layout import BitLayout, bit_layout
from onnxfi.error_models.values.profile import Profile
from onnxfi.error_models.zero import Zero

__all__ = [  # noqa: RUF022  # grouped, not sorted
    # the concepts
    "Corruption",
    "Corruptions",
    "ErrorModel",
    "BatchSampler",
    "Generators",
    "Preparable",
    "TargetInfo",
    # the error models
    "BitFlip",
    "Constant",
    "Infinity",
    "NaN",
    "Noise",
    "RandomValue",
    "Scale",
    "SpatialModel",
    "StuckAt",
    "Zero",
    # for error models of your own
    "SitewiseErrorModel",
    "values_at",
    # to restrict the injection sites
    "Region",
    # value ranges of tensors over a data set
    "Profile",
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
