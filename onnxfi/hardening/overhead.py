"""Counts what a model costs."""

import math
from dataclasses import dataclass

from onnxfi.graph import Model
from onnxfi.onnx_ir import ir

_CONVOLUTIONS = frozenset({"Conv", "ConvInteger", "QLinearConv"})
_PRODUCTS = frozenset({"Gemm", "MatMul", "MatMulInteger", "QLinearMatMul"})


@dataclass(frozen=True, slots=True)
class Cost:
    """What a model costs.

    Attributes:
        flops: operations of an inference: two for each product of a convolution or a matrix
            product, one for each other value that is computed. Unknown lengths count as 1.
        parameters: number of stored numbers.
        nodes: number of nodes, those in bodies included.
    """

    flops: int
    parameters: int
    nodes: int


def cost(model: Model) -> Cost:
    """Count the operations, the stored numbers and the nodes of a model."""
    return Cost(
        flops=sum(_flops(node) for node in model.graph),
        parameters=sum(
            x.const_value.size
            for x in model.graph.initializers.values()
            if x.const_value is not None
        ),
        nodes=sum(1 for _ in ir.traversal.RecursiveGraphIterator(model.graph)),
    )


def _flops(node: ir.Node) -> int:
    outputs = sum(map(_size, node.outputs))
    weights = (
        node.inputs[3 if node.op_type == "QLinearConv" else 1] if len(node.inputs) > 1 else None
    )
    if node.op_type in _CONVOLUTIONS and weights is not None and weights.shape is not None:
        return 2 * outputs * math.prod(_length(x) for x in list(weights.shape)[1:])
    first = node.inputs[0] if node.inputs else None
    if node.op_type in _PRODUCTS and first is not None and first.shape:
        axis = 0 if node.attributes.get_int("transA", 0) else -1
        return 2 * outputs * _length(list(first.shape)[axis])
    return outputs


def _size(value: ir.Value) -> int:
    return math.prod(map(_length, value.shape)) if value.shape is not None else 1


def _length(length: object) -> int:
    return length if isinstance(length, int) else 1
