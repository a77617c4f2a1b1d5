"""``TransposeOptimizer``: moves a Transpose behind the nodes that follow it.

A reduction, a softmax or a normalization then works along another axis of a tensor in another
layout, and adds its elements in another order.

Level 1, and level 2 on the CPU.
Source: ``onnxruntime/core/optimizer/transpose_optimization/``.
"""

from onnxfi.onnx_ir import ir
from onnxfi.suffix.cuts import skip_layer_norm_fusion
from onnxfi.suffix.cuts.fusion import ARITHMETIC, RESHAPING, ancestors

_REDUCTIONS = frozenset(
    """
    ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd
    ReduceSum ReduceSumInteger ReduceSumSquare
    """.split()  # noqa: SIM905
)
_ALONG_AXES = frozenset(["CumSum", "Hardmax", "LogSoftmax", "LpNormalization", "Softmax"])
OPERATORS = _REDUCTIONS | _ALONG_AXES | skip_layer_norm_fusion.OPERATORS
_PASSED = ARITHMETIC | RESHAPING | {"Transpose"}


def held_by(node: ir.Node) -> set[ir.Node]:
    """Return the Transposes before a node that works along axes."""
    return {x for x in ancestors(node, _PASSED) if x.op_type == "Transpose"}
