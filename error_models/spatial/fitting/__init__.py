"""Derives spatial models from observed corruptions, and merges them."""

from onnxfi.error_models.spatial.fitting.deriving import derive
from onnxfi.error_models.spatial.fitting.merging import merge
from onnxfi.error_models.spatial.fitting.observing import Observation, observe

__all__ = [
    "Observation",
    "derive",
    "merge",
    "observe",
]
