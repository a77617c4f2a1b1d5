"""Adds Reduce operators, whose axes became an input in opset 18 (13 for ReduceSum)."""

from collections.abc import Sequence

from onnxfi.converters.translation.graph_builder import GraphBuilder

_AXES_AS_INPUT = 18


def reduced(
    operator: str, tensor: str, axes: Sequence[int], graph: GraphBuilder, *, keepdims: bool
) -> str:
    """Return a tensor reduced over some axes, such as its mean with ``ReduceMean``.

    Args:
        operator: a Reduce operator of ONNX.
        tensor: what to reduce.
        axes: axes of the tensor as stored.
        graph: the graph that grows.
        keepdims: whether the axes stay, with size 1.
    """
    if operator == "ReduceSum" or graph.opset >= _AXES_AS_INPUT:
        inputs = [tensor, graph.integers("axes", axes)]
        return graph.operator(operator, inputs, keepdims=int(keepdims))
    return graph.operator(operator, [tensor], keepdims=int(keepdims), axes=axes)
