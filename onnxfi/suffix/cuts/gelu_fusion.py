"""``GeluFusion``: x / sqrt(2), Erf, Add 1 and two Muls become one Gelu.

Levels 1 and 2, CPU and CUDA. ``BiasGeluFusion`` (level 2) then merges an Add before it as well.
Source: ``onnxruntime/core/optimizer/gelu_fusion.cc`` and ``bias_gelu_fusion.cc``.
"""

from onnxfi.onnx_ir import ir
from onnxfi.suffix.cuts.fusion import ARITHMETIC, LONGEST_PATH, ancestors, consumers

OPERATORS = frozenset(["Erf"])


def held_by(node: ir.Node) -> set[ir.Node]:
    """Return the curve and the arithmetic before it, if a Mul follows."""
    later = consumers(node)
    if any(x.op_type == "Mul" for y in later for x in (y, *consumers(y))):
        return {node, *ancestors(node, ARITHMETIC, LONGEST_PATH)}
    return set()
