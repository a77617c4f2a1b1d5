"""``ConvAddActivationFusion``: a convolution adds another tensor to its sums.

An Add of a convolution's result and another tensor becomes an input of the convolution, which
begins its sums with it; ``NchwcTransformer`` does the same in its own layout. With a Relu behind
the Add they do so for any tensor; without one, only if a node of the same session makes the tensor.
So a cut there changes the order of the sum.

Level 3, CPU. Source: ``onnxruntime/core/optimizer/conv_add_act_fusion.cc`` and ``TransformBinary``
in ``nchwc_transformer.cc``.
"""

import onnx_ir as ir

from onnxfi.suffix.cuts.fusion import consumers


def may_add_in_convolution(node: ir.Node) -> bool:
    """Return whether a cut before a node may change the sums of a convolution it is merged with."""
    if node.op_type not in ("Add", "Sum"):
        return False
    return [x.op_type for x in consumers(node)] != ["Relu"]
