"""Provides error models, which draw corruptions of a golden tensor.

An error model draws a corruption, which is a sparse patch, from a golden tensor and a random
generator. The package depends on numpy and on nothing of ONNX.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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
    from onnxfi.error_models.hardware.array_error_model import Array
    from onnxfi.error_models.hardware.operation import Operation, OperationReader
    from onnxfi.error_models.hardware.register import Register
    from onnxfi.error_models.infinity import Infinity
    from onnxfi.error_models.nan import NaN
    from onnxfi.error_models.noise import Noise
    from onnxfi.error_models.random_value import RandomValue
    from onnxfi.error_models.registry.loading import ERROR_MODELS, from_dict, load
    from onnxfi.error_models.scale import Scale
    from onnxfi.error_models.severity import log2_norm, severities
    from onnxfi.error_models.sites.dense_sites import read_dense_sites, write_dense_sites
    from onnxfi.error_models.sites.region import Region
    from onnxfi.error_models.sites.site_list import SiteList
    from onnxfi.error_models.sites.uniform import values_at
    from onnxfi.error_models.sitewise import SitewiseErrorModel
    from onnxfi.error_models.spatial.spatial_model import SpatialModel
    from onnxfi.error_models.stuck_at import StuckAt
    from onnxfi.error_models.upset import Upset
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
    "Operation",
    "OperationReader",
    "Preparable",
    "TargetInfo",
    # the error models
    "Array",
    "BitFlip",
    "Constant",
    "Infinity",
    "NaN",
    "Noise",
    "RandomValue",
    "Register",
    "Scale",
    "SpatialModel",
    "StuckAt",
    "Upset",
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
    # how far faults move a tensor
    "log2_norm",
    "severities",
    # the bits of a dtype
    "BitLayout",
    "bit_layout",
]

# Imported when first used: a command that only needs `Corruption` starts without the others.
_HOMES = {
    "Array": "hardware.array_error_model",
    "BatchSampler": "error_model",
    "BitFlip": "bit_flip",
    "BitLayout": "values.bit_layout",
    "Constant": "constant",
    "Corruption": "corruption",
    "Corruptions": "corruptions",
    "ERROR_MODELS": "registry.loading",
    "ErrorModel": "error_model",
    "Generators": "error_model",
    "Infinity": "infinity",
    "NaN": "nan",
    "Noise": "noise",
    "Operation": "hardware.operation",
    "OperationReader": "hardware.operation",
    "Preparable": "error_model",
    "Profile": "values.profile",
    "RandomValue": "random_value",
    "Region": "sites.region",
    "Register": "hardware.register",
    "Scale": "scale",
    "SiteList": "sites.site_list",
    "SitewiseErrorModel": "sitewise",
    "SpatialModel": "spatial.spatial_model",
    "StuckAt": "stuck_at",
    "TargetInfo": "error_model",
    "Upset": "upset",
    "Zero": "zero",
    "bit_layout": "values.bit_layout",
    "from_dict": "registry.loading",
    "load": "registry.loading",
    "read_dense_sites": "sites.dense_sites",
    "log2_norm": "severity",
    "severities": "severity",
    "values_at": "sites.uniform",
    "write_dense_sites": "sites.dense_sites",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
