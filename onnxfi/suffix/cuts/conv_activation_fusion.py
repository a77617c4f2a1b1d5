"""``ConvActivationFusion``: a convolution and the operator of single elements behind it.

Relu, Clip, Sigmoid, Tanh, LeakyRelu and HardSigmoid become an attribute of the convolution (level
2, CPU). A constant factor, a constant sum and a BatchNormalization go into its weights:
``ConvMulFusion``, ``ConvAddFusion`` and ``ConvBNFusion`` (level 1, any provider).

Source: ``onnxruntime/core/optimizer/conv_activation_fusion.cc``, ``conv_mul_fusion.cc``,
``conv_add_fusion.cc`` and ``conv_bn_fusion.cc``.
"""

from onnxfi.onnx_ir import ir


def may_follow_in_convolution(node: ir.Node) -> bool:
    """Return whether a node that computes place by place may be merged with one before it.

    Args:
        node: the only reader of the tensor between the two.
    """
    return node.op_type not in ("Concat", "DequantizeLinear")
