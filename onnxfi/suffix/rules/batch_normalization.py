"""Pushes patches through a BatchNormalization for inference."""

from collections.abc import Sequence

import numpy as np

from onnxfi.onnx_ir import ir
from onnxfi.suffix.patches import Patches
from onnxfi.suffix.rules.constants import constant_input
from onnxfi.suffix.rules.rule import Operand, Rule

_FLOATS = (ir.DataType.FLOAT, ir.DataType.DOUBLE)


def batch_normalization_rule(node: ir.Node, patched: Sequence[int]) -> Rule | None:
    """Return the rule; None if a parameter is no constant, or the node trains or uses other dtypes.

    Args:
        node: the node.
        patched: positions of the inputs that may be patched.
    """
    if set(patched) != {0} or any(x is None or x.dtype not in _FLOATS for x in node.inputs):
        return None
    parameters = [constant_input(node, position) for position in range(1, 5)]
    if node.attributes.get_int("training_mode", 0) or any(x is None for x in parameters):
        return None
    scale, bias, mean, variance = (x for x in parameters if x is not None)
    epsilon = np.float32(node.attributes.get_float("epsilon", 1e-5)).astype(variance.dtype)
    # ONNX Runtime computes and rounds in this order.
    factor = (variance.dtype.type(1) / np.sqrt(variance + epsilon)) * scale
    offset = bias - mean * factor

    def push(operands: Sequence[Operand | None], output: np.ndarray) -> Patches:
        operand = operands[0]
        if operand is None or operand.patches is None:
            raise ValueError("The input of a BatchNormalization must be patched.")
        patches, golden = operand.patches, operand.golden
        inner = int(np.prod(golden.shape[2:]))
        channels = patches.keys // inner % golden.shape[1]
        with np.errstate(all="ignore"):
            values = patches.values * factor[channels] + offset[channels]
        return Patches(patches.keys, values)

    return push
