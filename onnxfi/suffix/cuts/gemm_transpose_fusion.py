"""``GemmTransposeFusion``: a Transpose before or after a Gemm becomes its transA or transB.

A rewrite rule of levels 1 and 2, any provider. The Gemm then adds its products in the order of
another kernel. Source: ``onnxruntime/core/optimizer/gemm_transpose_fusion.cc``.
"""

from onnxfi.onnx_ir import ir
from onnxfi.suffix.cuts.fusion import ancestors

OPERATORS = frozenset(["Gemm"])


def held_by(node: ir.Node) -> set[ir.Node]:
    """Return the Transposes whose results a Gemm reads."""
    return ancestors(node, ["Transpose"], 1)
