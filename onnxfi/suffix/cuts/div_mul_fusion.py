"""``DivMulFusion``: 1 / x * y becomes y / x, which is rounded once instead of twice.

A rewrite rule of level 1, any provider.
Source: ``onnxruntime/core/optimizer/div_mul_fusion.cc``.
"""

from onnxfi.onnx_ir import ir
from onnxfi.suffix.cuts.fusion import consumers

OPERATORS = frozenset(["Div"])


def held_by(node: ir.Node) -> set[ir.Node]:
    """Return a Div that a Mul reads."""
    return {node} if any(x.op_type == "Mul" for x in consumers(node)) else set()
