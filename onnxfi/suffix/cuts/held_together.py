"""Finds the nodes that ONNX Runtime fuses with their consumers, which changes rounding."""

from collections.abc import Callable, Collection, Sequence
from typing import Final, Literal

from onnxfi.onnx_ir import ir
from onnxfi.suffix.cuts import (
    div_mul_fusion,
    fast_gelu_fusion,
    gelu_fusion,
    gemm_transpose_fusion,
    layer_norm_fusion,
    matmul_scale_fusion,
    matmul_transpose_fusion,
    nchwc_transformer,
    qdq_selector_action_transformer,
    quick_gelu_fusion,
    remove_duplicate_cast_transformer,
    skip_layer_norm_fusion,
    transpose_optimizer,
)
from onnxfi.suffix.cuts.fusion import Fusion

#: Whether two models, cut at a tensor, give the bits of the whole; ``unknown`` must be compared.
Answer = Literal["yes", "no", "unknown"]

FUSIONS: Final[Sequence[Fusion]] = (
    div_mul_fusion,
    fast_gelu_fusion,
    gelu_fusion,
    gemm_transpose_fusion,
    layer_norm_fusion,
    matmul_scale_fusion,
    matmul_transpose_fusion,
    nchwc_transformer,
    qdq_selector_action_transformer,
    quick_gelu_fusion,
    remove_duplicate_cast_transformer,
    skip_layer_norm_fusion,
    transpose_optimizer,
)


def _by_operator() -> dict[str, list[Callable[[ir.Node], set[ir.Node]]]]:
    found: dict[str, list[Callable[[ir.Node], set[ir.Node]]]] = {}
    for fusion in FUSIONS:
        for operator in fusion.OPERATORS:
            found.setdefault(operator, []).append(fusion.held_by)
    return found


_BY_OPERATOR = _by_operator()
# Convolutional networks are made of these. Nightly tests compare whole architectures, cut there.
_COMPARED = frozenset(
    [
        *("Add", "AveragePool", "BatchNormalization", "Concat", "Conv", "ConvInteger"),
        *("ConvTranspose", "Flatten", "Gemm", "GlobalAveragePool", "GlobalMaxPool", "LRN"),
        *("MaxPool", "QLinearConv", "Relu", "Reshape", "Sum"),
    ]
)
_POOLINGS = ("AveragePool", "GlobalAveragePool", "MaxPool")
_CONVOLUTIONS = ("Conv", "ConvInteger", "ConvTranspose", "QLinearConv")
_PRODUCTS = ("GRU", "Gemm", "LSTM", "MatMul", "MatMulInteger", "QLinearMatMul", "RNN")
_STARTING = frozenset([*_POOLINGS, *_CONVOLUTIONS, *_PRODUCTS])


def held_together(graph: ir.Graph) -> set[ir.Node]:
    """Return the nodes that must stay in one model with their consumers."""
    found: set[ir.Node] = set()
    for node in graph:
        for held_by in _BY_OPERATOR.get(node.op_type, ()):
            found |= held_by(node)
    return found


def may_cut(value: ir.Value, held: Collection[ir.Node]) -> Answer:
    """Return whether a cut at a tensor leaves all bits as they are.

    Args:
        value: the tensor.
        held: as `held_together` returns it for its graph.
    """
    if value.producer() in held:
        return "no"
    known = all(use.node.op_type in _COMPARED for use in value.uses())
    return "yes" if known else "unknown"


def starts_anew(node: ir.Node) -> bool:
    """Return whether ONNX Runtime merges a node with its consumers only, as a rule.

    Such nodes mix many elements: poolings, convolutions and matrix products. Exceptions are in
    `gemm_transpose_fusion`, `matmul_scale_fusion` and `matmul_transpose_fusion`, so a cut before a
    product must be compared.
    """
    return node.op_type in _STARTING
