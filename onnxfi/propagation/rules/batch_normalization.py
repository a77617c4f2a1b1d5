"""BatchNormalization as it is used for inference."""

from collections.abc import Sequence

import numpy as np
import onnx_ir as ir

from onnxfi.propagation.patches import Patches
from onnxfi.propagation.rules.constants import constant_input
from onnxfi.propagation.rules.rule import Operand, Rule


def batch_normalization_rule(node: ir.Node) -> Rule | None:
    """Return the rule; None where the parameters are no constants, or it is for training."""
    parameters = [constant_input(node, position) for position in range(1, 5)]
    if node.attributes.get_int("training_mode", 0) or any(x is None for x in parameters):
        return None
    scale, bias, mean, variance = (x for x in parameters if x is not None)
    epsilon = variance.dtype.type(node.attributes.get_float("epsilon", 1e-5))
    # In this order ONNX Runtime rounds.
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
