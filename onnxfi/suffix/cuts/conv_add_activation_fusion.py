"""``ConvAddActivationFusion``: a convolution adds another tensor to its sums.

The convolution begins its sums with the tensor that an Add would add to them afterwards, so a cut
before the Add changes the order of the sum. ``NchwcTransformer`` does the same in its own layout,
which the other tensor has only if a node of the same session makes it.

Level 3, CPU. Source: ``onnxruntime/core/optimizer/conv_add_act_fusion.cc`` and ``TransformBinary``
in ``nchwc_transformer.cc``.
"""

from onnxfi.onnx_ir import ir
from onnxfi.suffix.cuts.fusion import consumers


def may_add_in_convolution(node: ir.Node) -> bool:
    """Return whether windows must not end before a node, because a convolution may add it.

    Adds before a Relu are let through, though a cut there may change bits as well: otherwise only
    whole residual blocks would be left, and windows are compared with dense runs anyway.
    """
    if node.op_type not in ("Add", "Sum"):
        return False
    return [x.op_type for x in consumers(node)] != ["Relu"]
