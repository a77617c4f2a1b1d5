"""``LayerNormFusion`` and ``SimplifiedLayerNormFusion``: a normalization written out in nodes.

ReduceMean, Sub, Pow, ReduceMean, Add, Sqrt, Div, Mul and Add become one LayerNormalization; without
the first mean, one SimplifiedLayerNormalization. ``SkipLayerNormFusion`` then merges the Add before
it as well, so the arithmetic before the first mean is held too.

Levels 1 and 2 (the simplified one: 2), CPU and CUDA.
Source: ``onnxruntime/core/optimizer/layer_norm_fusion.cc``.
"""

from onnxfi.onnx_ir import ir
from onnxfi.suffix.cuts.fusion import ARITHMETIC, LONGEST_PATH, ancestors, consumers

OPERATORS = frozenset(["ReduceMean"])
_AFTER_MEAN = frozenset(["Add", "Cast", "Sqrt", "Sub"])


def held_by(node: ir.Node) -> set[ir.Node]:
    """Return the arithmetic before a mean that may belong to a normalization."""
    if any(x.op_type in _AFTER_MEAN for x in consumers(node)):
        return ancestors(node, ARITHMETIC, LONGEST_PATH)
    return set()
