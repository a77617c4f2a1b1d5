"""Checks products of floating-point numbers by the sums of their outputs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from onnxfi.hardening.correction import raise_alarm
from onnxfi.hardening.graph_editor import GraphEditor
from onnxfi.hardening.protections import Abft
from onnxfi.onnx_ir import ir
from onnxfi.surgery import NodeBuilder, constant

# Sums of float16 and bfloat16 values are formed in float32.
_WIDE = {np.dtype(np.float64): ir.DataType.DOUBLE}


@dataclass(frozen=True, slots=True, eq=False)
class Threshold:
    """A threshold that fault-free runs decide.

    Attributes:
        residual: the tensor that is compared: how far the sums are apart.
        limit: the initializer that holds the threshold.
    """

    residual: str
    limit: ir.Value


def check_product(
    editor: GraphEditor, node: ir.Node, protection: Abft, layer: str
) -> Threshold | str:
    """Add a checksum to a Conv, Gemm or MatMul.

    The sum over the output channels equals one product with the summed weights, which are stored
    on their own: conv(x, sum of w_m) = sum of y_m, and (X W) 1 = X (W 1). Products of two tensors
    that are not constant get the sum of the second one at each inference.

    Returns:
        The threshold to decide, or why the node cannot be checked.
    """
    output = node.outputs[0]
    if output.dtype is None or not output.dtype.is_floating_point() or output.shape is None:
        return "its output has no known shape of floating-point numbers"
    builder = editor.builder(f"{output.name}/abft")
    wide = _WIDE.get(output.dtype.numpy(), ir.DataType.FLOAT)
    parts = _Parts(editor, builder, wide)
    expected = _CHECKS[node.op_type](node, parts)
    if expected is None:
        return "its weights or its bias are computed while it runs"
    axis = 1 if node.op_type == "Conv" else output.shape.rank() - 1
    total = editor.reduce(builder, "ReduceSum", parts.widened(output), [axis], keep=True)
    apart = builder.node("Abs", "apart", builder.node("Sub", "difference", total, expected))
    apart.dtype, apart.shape = (
        wide,
        ir.Shape([1 if x == axis else length for x, length in enumerate(output.shape)]),
    )
    limit = builder.constant("threshold", np.zeros((), wide.numpy()))
    # NaN is not less than anything.
    below = builder.node("Less", "below", apart, limit)
    wrong = builder.node("Not", "wrong", below)
    raise_alarm(editor, builder, node, wrong, protection, layer)
    return Threshold(apart.name or "", limit)


class _Parts:
    """Makes the parts of a checksum in a dtype that is wide enough for sums."""

    def __init__(self, editor: GraphEditor, builder: NodeBuilder, dtype: ir.DataType) -> None:
        self.editor = editor
        self.builder = builder
        self._dtype = dtype

    def widened(self, value: ir.Value) -> ir.Value:
        if value.dtype == self._dtype:
            return value
        name = f"wide_{len(self.builder.nodes)}"
        return self.builder.node("Cast", name, value, to=int(self._dtype))

    def stored(self, name: str, array: np.ndarray) -> ir.Value:
        return self.builder.constant(name, array.astype(self._dtype.numpy()))


def _conv(node: ir.Node, parts: _Parts) -> ir.Value | None:
    weights, bias = parts.editor.array(node.inputs[1]), _optional(node, 2)
    stored = parts.editor.array(bias)
    if weights is None or (bias is not None and stored is None):
        return None
    groups = node.attributes.get_int("group", 1)
    inputs = [
        parts.widened(_input(node, 0)),
        parts.stored("weights", sum_of_outputs(weights, groups)),
    ]
    if stored is not None:
        inputs.append(parts.stored("bias", stored.astype(np.float64).sum(keepdims=True)))
    return node_like(parts.builder, "Conv", "expected", inputs, node)


def sum_of_outputs(weights: np.ndarray, groups: int) -> np.ndarray:
    """Return the weights of one output channel that is the sum of all, without groups.

    Args:
        weights: shape ``(outputs, inputs / groups, …)``.
        groups: number of groups.

    Returns:
        float64 or int64, shape ``(1, inputs, …)``.
    """
    wide = weights.astype(np.float64 if weights.dtype.kind not in "iu" else np.int64)
    of_group = wide.reshape(groups, -1, *weights.shape[1:]).sum(axis=1)
    return np.asarray(of_group.reshape(1, -1, *weights.shape[2:]))


def _gemm(node: ir.Node, parts: _Parts) -> ir.Value | None:
    weights, bias = parts.editor.array(node.inputs[1]), _optional(node, 2)
    stored = parts.editor.array(bias)
    if weights is None or (bias is not None and stored is None):
        return None
    by_column = weights.T if node.attributes.get_int("transB", 0) else weights
    alpha, beta = (node.attributes.get_float(x, 1.0) for x in ("alpha", "beta"))
    sums = alpha * by_column.astype(np.float64).sum(axis=1, keepdims=True)
    inputs = [parts.widened(_input(node, 0)), parts.stored("weights", sums)]
    if stored is not None:
        full = np.broadcast_to(stored.astype(np.float64), (*stored.shape[:-1], by_column.shape[1]))
        inputs.append(parts.stored("bias", beta * full.sum(axis=-1, keepdims=True)))
    return parts.builder.node(
        "Gemm", "expected", *inputs, transA=node.attributes.get_int("transA", 0)
    )


def _matmul(node: ir.Node, parts: _Parts) -> ir.Value | None:
    left, right = _input(node, 0), _input(node, 1)
    if right.shape is None or right.shape.rank() < 2 or left.shape is None:
        return None
    if left.shape.rank() < 2:
        return None
    weights = parts.editor.array(right)
    if weights is None:
        axis = right.shape.rank() - 1
        wide = parts.widened(right)
        sums = parts.editor.reduce(parts.builder, "ReduceSum", wide, [axis], keep=True)
    else:
        sums = parts.stored("weights", weights.astype(np.float64).sum(axis=-1, keepdims=True))
    return parts.builder.node("MatMul", "expected", parts.widened(left), sums)


_CHECKS = {"Conv": _conv, "Gemm": _gemm, "MatMul": _matmul}


def node_like(
    builder: NodeBuilder, op_type: str, name: str, inputs: list[ir.Value], node: ir.Node
) -> ir.Value:
    """Add a node with the attributes of a convolution, but for its groups."""
    attributes: Mapping[str, Any] = {
        x.name: x.value for x in node.attributes.values() if x.name != "group"
    }
    return builder.node(op_type, name, *inputs, **attributes)


def set_limit(threshold: Threshold, limit: float) -> None:
    """Let an alarm be raised above a limit."""
    dtype = threshold.limit.dtype
    assert dtype is not None
    kind = dtype.numpy()
    # Less than the next number above is at most the limit.
    above = np.nextafter(kind.type(limit), kind.type(np.inf))
    threshold.limit.const_value = constant(threshold.limit.name or "", np.array(above)).const_value


def _input(node: ir.Node, place: int) -> ir.Value:
    value = node.inputs[place]
    assert value is not None
    return value


def _optional(node: ir.Node, place: int) -> ir.Value | None:
    return node.inputs[place] if len(node.inputs) > place else None
