"""``QuickGeluFusion``: x * Sigmoid(a * x) becomes one QuickGelu; with a = 1 it is SiLU.

Level 2, CPU and CUDA. The pattern is that of `gelu_fusion` around a Sigmoid. With AVX-512, SiLU has
a kernel of its own (``MlasSiluKernelAvx512F``). The other kernels give the bits of single nodes.
Source: ``onnxruntime/core/optimizer/quick_gelu_fusion.cc``.
"""

from onnxfi.suffix.cuts.gelu_fusion import held_by

__all__ = ["OPERATORS", "held_by"]

OPERATORS = frozenset(["Sigmoid"])
