"""Sparse propagation: carrying corruptions through operators as sparse patches, exactly.

A corruption changes few elements of its target, and the operators that follow often leave few of
these changes: Relu and MaxPool swallow most. So corruptions are *pushed* through the operators that
allow it, element by element. Elements that come out bit-equal to golden leave the patch; an empty
patch is a masked injection, known without running the network. What survives is a patch on later
tensors, and the rest of the suffix runs from there.
"""

from onnxfi.suffix.lookahead import Lookahead
from onnxfi.suffix.patches import LanePatch, Patches, Values, patched
from onnxfi.suffix.phases.region import Region, find_region
from onnxfi.suffix.propagator import Propagator, Pushed

__all__ = [
    "LanePatch",
    "Lookahead",
    "Patches",
    "Propagator",
    "Pushed",
    "Region",
    "Values",
    "find_region",
    "patched",
]
