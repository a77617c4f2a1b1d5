"""``FastGeluFusion``: the approximation of Gelu by Tanh becomes one FastGelu.

Level 2, CPU and CUDA. The pattern is that of `gelu_fusion` around a Tanh.
Source: ``onnxruntime/core/optimizer/fast_gelu_fusion.cc``.
"""

from onnxfi.suffix.cuts.gelu_fusion import held_by

__all__ = ["OPERATORS", "held_by"]

OPERATORS = frozenset(["Tanh"])
