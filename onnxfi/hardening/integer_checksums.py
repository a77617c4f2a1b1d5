"""Checks products of integers by the sums of their outputs: exactly."""

import numpy as np

from onnxfi.hardening.checksums import node_like, sum_of_outputs
from onnxfi.hardening.correction import raise_alarm
from onnxfi.hardening.graph_editor import GraphEditor
from onnxfi.hardening.protections import Abft
from onnxfi.onnx_ir import ir
from onnxfi.surgery import NodeBuilder

# Summed weights are written in digits of this base, from -32 to 31: kernels that saturate sums of
# two products of uint8 and int8 numbers are exact on them (255 * 32 * 2 < 2^15).
_BASE = 64
# Digits of a sum: 2^29 of 8-bit weights.
_DIGITS = 6


def check_integer_product(
    editor: GraphEditor, node: ir.Node, protection: Abft, layer: str
) -> str | None:
    """Add a checksum to a ConvInteger or a MatMulInteger.

    The summed weights, less their zero points, are split into 8-bit digits, and the sum of the
    digits' products is compared with the sum of the outputs. Both are exact, in int64, so that
    every change of the sum is seen, and no fault-free run raises an alarm unless an output itself
    exceeds int32.

    Returns:
        Why the node cannot be checked; None if it is.
    """
    output = node.outputs[0]
    if output.shape is None:
        return "the rank of its output is unknown"
    weights, zero_points = editor.array(node.inputs[1]), _zero_points(editor, node)
    if weights is None or zero_points is None:
        return "its weights or their zero points are computed while it runs"
    is_conv = node.op_type == "ConvInteger"
    if weights.ndim < 2 or (not is_conv and output.shape.rank() < 2):
        return "it is no product of matrices"
    builder = editor.builder(f"{output.name}/abft")
    rank = output.shape.rank()
    axis = 1 if is_conv else rank - 1
    wide = builder.node("Cast", "wide", output, to=int(ir.DataType.INT64))
    total = editor.reduce(builder, "ReduceSum", wide, [axis], keep=True)
    digits = _digits(_summed(node, weights, zero_points))
    parts = _products(builder, node, digits)
    powers = np.array([_BASE**x for x in range(len(digits))], np.int64)
    by_digit = powers.reshape([-1 if x == axis else 1 for x in range(rank)])
    wide_parts = builder.node("Cast", "wide_parts", parts, to=int(ir.DataType.INT64))
    scaled = builder.node("Mul", "scaled", wide_parts, builder.constant("powers", by_digit))
    expected = editor.reduce(builder, "ReduceSum", scaled, [axis], keep=True)
    same = builder.node("Equal", "same", total, expected)
    wrong = builder.node("Not", "wrong", same)
    raise_alarm(editor, builder, node, wrong, protection, layer)
    return None


def _zero_points(editor: GraphEditor, node: ir.Node) -> np.ndarray | None:
    """Return the zero points of the weights: int64, of shape () or (outputs,)."""
    given = node.inputs[3] if len(node.inputs) > 3 else None
    if given is None:
        return np.zeros((), np.int64)
    found = editor.array(given)
    return None if found is None else found.astype(np.int64).squeeze()


def _summed(node: ir.Node, weights: np.ndarray, zero_points: np.ndarray) -> np.ndarray:
    """Return the weights of one output that is the sum of all."""
    wide = weights.astype(np.int64)
    if node.op_type == "ConvInteger":
        by_output = zero_points.reshape(-1, *[1] * (weights.ndim - 1))
        return sum_of_outputs(wide - by_output, node.attributes.get_int("group", 1))
    return np.asarray((wide - zero_points).sum(axis=-1, keepdims=True))


def _products(builder: NodeBuilder, node: ir.Node, digits: list[np.ndarray]) -> ir.Value:
    """Return the sums of the outputs computed from each digit of the summed weights: int32."""
    axis = 0 if node.op_type == "ConvInteger" else -1
    stored = builder.constant(
        "weights", np.concatenate([x.astype(np.int8) for x in digits], axis=axis)
    )
    inputs = [x for x in (node.inputs[0], stored) if x is not None]
    if len(node.inputs) > 2 and node.inputs[2] is not None:
        inputs.append(node.inputs[2])
    return node_like(builder, node.op_type, "parts", inputs, node)


def _digits(sums: np.ndarray) -> list[np.ndarray]:
    """Return the digits of numbers in base 64, from -32 to 31, the lowest first."""
    found: list[np.ndarray] = []
    left = sums
    while left.any() or not found:
        digit = (left + _BASE // 2) % _BASE - _BASE // 2
        found.append(digit)
        left = (left - digit) // _BASE
    assert len(found) <= _DIGITS
    return found
