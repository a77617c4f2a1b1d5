"""Where QuantizeLinear and DequantizeLinear may be taken alone.

ONNX Runtime makes integer operators of DequantizeLinear, what follows it, and QuantizeLinear, and
most of them round otherwise than the float operators. What it would make one of is left whole, so
that it computes the same whether corruptions are pushed or not.
"""

import onnx_ir as ir

# What moves or compares numbers gives the same with the floats as with the integers.
_SAME_AS_INTEGERS = frozenset(
    [
        *("Clip", "Flatten", "MaxPool", "QuantizeLinear", "Relu", "Reshape", "Slice", "Squeeze"),
        *("Transpose", "Unsqueeze"),
    ]
)
# An integer operator is made of these also where the integers are given; not so of Softmax.
_FROM_INTEGERS = _SAME_AS_INTEGERS | {
    *("Add", "AveragePool", "Concat", "Conv", "ConvTranspose", "Gemm", "GlobalAveragePool"),
    *("MatMul", "Mul"),
}


def stands_alone(node: ir.Node) -> bool:
    """Return whether all that follows a node computes the same with it and without.

    Args:
        node: a QuantizeLinear or a DequantizeLinear.
    """
    uses = [use for value in node.outputs for use in value.uses()]
    if node.op_type == "DequantizeLinear":
        return all(use.idx == 0 and use.node.op_type in _SAME_AS_INTEGERS for use in uses)
    return all(
        later.node.op_type in _FROM_INTEGERS
        for use in uses
        if use.node.op_type == "DequantizeLinear"
        for later in use.node.outputs[0].uses()
    )
