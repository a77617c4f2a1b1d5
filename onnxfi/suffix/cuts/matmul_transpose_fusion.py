"""``MatmulTransposeFusion``: a MatMul and the Transposes before it become one FusedMatMul.

Level 2, CPU and CUDA. A Cast between the two is moved before the Transpose. Reshapes between them
are looked through here, because `transpose_optimizer` may move a Transpose past them first.
Source: ``onnxruntime/core/optimizer/matmul_transpose_fusion.cc``.
"""

from onnxfi.onnx_ir import ir
from onnxfi.suffix.cuts.fusion import RESHAPING, ancestors

OPERATORS = frozenset(["MatMul"])
#: Operators on a path that this fusion or `matmul_scale_fusion` merges into a MatMul.
LEADING = frozenset(["Cast", "Div", "Mul", "Transpose"]) | RESHAPING


def held_by(node: ir.Node) -> set[ir.Node]:
    """Return the Transposes and Casts that lead to a MatMul."""
    return {x for x in ancestors(node, LEADING) if x.op_type in ("Cast", "Transpose")}
