"""``MatMulScaleFusion``: constant factors of a MatMul's operands become FusedMatMul's alpha.

Level 2, CPU and CUDA. Sessions of onnxfi switch it off, because it multiplies the factors with each
other (`onnxfi.converters.disabled_optimizers`). The factors are held all the same: they lie between
a MatMul and the Transposes that `transpose_optimizer` moves past them.
Source: ``onnxruntime/core/optimizer/matmul_scale_fusion.cc``.
"""

from onnxfi.onnx_ir import ir
from onnxfi.suffix.cuts.fusion import ancestors
from onnxfi.suffix.cuts.matmul_transpose_fusion import LEADING

OPERATORS = frozenset(["MatMul"])


def held_by(node: ir.Node) -> set[ir.Node]:
    """Return the Muls and Divs that lead to a MatMul."""
    return {x for x in ancestors(node, LEADING) if x.op_type in ("Div", "Mul")}
