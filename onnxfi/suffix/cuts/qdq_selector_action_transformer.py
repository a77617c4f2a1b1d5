"""``QDQSelectorActionTransformer``: a float operator between quantisations becomes integer.

DequantizeLinear, an operator and QuantizeLinear become one integer operator, and most of these
round differently from the float operators. ``QDQPropagationTransformer`` (level 1) moves
quantisations past operators that only move elements.

Level 2, CPU. Models with quantisations run with nothing merged (`onnxfi.surgery.definition`); here
quantisations are held so that a stage is cut in the same places however its sessions are opened.
Source: ``onnxruntime/core/optimizer/qdq_transformer/selectors_actions/``.
"""

from onnxfi.onnx_ir import ir

OPERATORS = frozenset(["DequantizeLinear", "QuantizeLinear"])
# Operators that move or compare numbers give the same with floats as with integers.
_SAME_AS_INTEGERS = frozenset(
    [
        *("Clip", "Flatten", "MaxPool", "QuantizeLinear", "Relu", "Reshape", "Slice", "Squeeze"),
        *("Transpose", "Unsqueeze"),
    ]
)
# These become integer operators also where the integers are given; Softmax for one does not.
_FROM_INTEGERS = _SAME_AS_INTEGERS | {
    *("Add", "AveragePool", "Concat", "Conv", "ConvTranspose", "Gemm", "GlobalAveragePool"),
    *("MatMul", "Mul"),
}


def held_by(node: ir.Node) -> set[ir.Node]:
    """Return a quantisation without which its consumers would compute otherwise."""
    return set() if _stands_alone(node) else {node}


def is_dequantised(value: ir.Value) -> bool:
    """Return whether a tensor is the result of a DequantizeLinear."""
    producer = value.producer()
    return producer is not None and producer.op_type == "DequantizeLinear"


def _stands_alone(node: ir.Node) -> bool:
    uses = [use for value in node.outputs for use in value.uses()]
    if node.op_type == "DequantizeLinear":
        return all(use.idx == 0 and use.node.op_type in _SAME_AS_INTEGERS for use in uses)
    return all(
        later.node.op_type in _FROM_INTEGERS
        for use in uses
        if use.node.op_type == "DequantizeLinear"
        for later in use.node.outputs[0].uses()
    )
