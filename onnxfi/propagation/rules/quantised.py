"""Where DequantizeLinear may be taken alone.

ONNX Runtime makes integer operators of DequantizeLinear, what follows it, and QuantizeLinear. Most
of them round otherwise than the float operators: DequantizeLinear is left to what follows it then.
"""

import onnx_ir as ir

# What moves or compares numbers gives the same with the floats as with the integers.
_SAME_AS_INTEGERS = frozenset(
    [
        *("Clip", "Flatten", "MaxPool", "QuantizeLinear", "Relu", "Reshape", "Slice", "Squeeze"),
        *("Transpose", "Unsqueeze"),
    ]
)


def stands_alone(node: ir.Node) -> bool:
    """Return whether the readers of a DequantizeLinear compute the same with it and without."""
    made = node.outputs[0]
    return bool(made.uses()) and all(
        use.idx == 0 and use.node.op_type in _SAME_AS_INTEGERS for use in made.uses()
    )
