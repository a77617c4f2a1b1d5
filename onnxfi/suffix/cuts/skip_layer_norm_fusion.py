"""``SkipLayerNormFusion``: one or two Adds and a LayerNormalization become SkipLayerNormalization.

Level 2, CPU and CUDA.
Source: ``onnxruntime/core/optimizer/skip_layer_norm_fusion.cc``.
"""

from onnxfi.onnx_ir import ir
from onnxfi.suffix.cuts.fusion import ARITHMETIC, LONGEST_PATH, ancestors

OPERATORS = frozenset(["LayerNormalization", "RMSNormalization", "SimplifiedLayerNormalization"])


def held_by(node: ir.Node) -> set[ir.Node]:
    """Return the arithmetic before a normalization."""
    return ancestors(node, ARITHMETIC, LONGEST_PATH)
