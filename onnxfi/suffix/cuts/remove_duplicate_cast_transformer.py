"""``RemoveDuplicateCastTransformer``: a Cast to another dtype and a Cast back are both removed.

``InsertCastTransformer`` runs it at every level, on all providers. ONNX Runtime 1.31 keeps a Cast
to a smaller dtype and back, so no bit changes; Casts are held because other releases remove them.
Source: ``onnxruntime/core/optimizer/insert_cast_transformer.cc``.
"""

from onnxfi.onnx_ir import ir
from onnxfi.suffix.cuts.fusion import consumers

OPERATORS = frozenset(["Cast"])


def held_by(node: ir.Node) -> set[ir.Node]:
    """Return a Cast that another Cast reads."""
    return {node} if any(x.op_type == "Cast" for x in consumers(node)) else set()
