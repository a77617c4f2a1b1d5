"""Runs a suffix from corrupted targets to outputs: exactly, and no more of it than needed.

Corruptions take a route of phases. Each phase advances lanes exactly: it finishes some, because
they are masked or have their outputs, leaves others at a later entry as patches, and refuses those
that it cannot compute exactly, which then run densely.

    push ─▶ lookahead ─▶ windows ─▶ checkpoint ─▶ dense
"""

from onnxfi.suffix.batch import Batch
from onnxfi.suffix.experience import Experience
from onnxfi.suffix.golden_tensors import GoldenTensors, Tensors
from onnxfi.suffix.lane_result import Failure, LaneResult
from onnxfi.suffix.patches import Patches
from onnxfi.suffix.phases.region import find_push_region
from onnxfi.suffix.policy import DEFAULT_POLICY, Policy
from onnxfi.suffix.run_settings import RunSettings
from onnxfi.suffix.suffix import Corrupt, Suffix
from onnxfi.suffix.trial import same_bits

__all__ = [
    "DEFAULT_POLICY",
    "Batch",
    "Corrupt",
    "Experience",
    "Failure",
    "GoldenTensors",
    "LaneResult",
    "Patches",
    "Policy",
    "RunSettings",
    "Suffix",
    "Tensors",
    "find_push_region",
    "same_bits",
]
