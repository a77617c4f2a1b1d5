"""Operators that compute each element from the same element of their one input.

The formulas give what ONNX Runtime's CPU kernels give, bit by bit, NaN and -0 included.
"""

from collections.abc import Callable, Sequence

import numpy as np
import onnx_ir as ir

from onnxfi.propagation.patches import Patches
from onnxfi.propagation.rules.constants import scalar_input
from onnxfi.propagation.rules.rule import Operand, Rule

_Function = Callable[[np.ndarray], np.ndarray]


def _relu(x: np.ndarray) -> np.ndarray:
    return np.where(x < 0, x.dtype.type(0), x)


_FUNCTIONS: dict[str, _Function] = {"Relu": _relu, "Neg": np.negative, "Abs": np.abs}


def pointwise_rule(node: ir.Node) -> Rule | None:
    """Return the rule of Relu, LeakyRelu, Clip, Neg or Abs; None where there is none."""
    function = _clip(node) if node.op_type == "Clip" else _FUNCTIONS.get(node.op_type)
    if node.op_type == "LeakyRelu":
        function = _leaky_relu(node.attributes.get_float("alpha", 0.01))
    if function is None:
        return None

    def push(operands: Sequence[Operand | None], output: np.ndarray) -> Patches:
        operand = operands[0]
        if operand is None or operand.patches is None:
            raise ValueError("The input of a pointwise operator must be patched.")
        return Patches(operand.patches.keys, function(operand.patches.values))

    return push


def _leaky_relu(alpha: float) -> _Function:
    def leaky_relu(x: np.ndarray) -> np.ndarray:
        return np.where(x >= 0, x, x.dtype.type(alpha) * x)

    return leaky_relu


def _clip(node: ir.Node) -> _Function | None:
    # Up to opset 10 the limits are attributes.
    bottom = scalar_input(node, 1, node.attributes.get_float("min", float("-inf")))
    top = scalar_input(node, 2, node.attributes.get_float("max", float("inf")))
    if bottom is None or top is None or bottom > top:
        return None

    def clip(x: np.ndarray) -> np.ndarray:
        limits = np.finfo(x.dtype)  # where no limit is given an infinity is clipped all the same
        least = x.dtype.type(max(bottom, float(limits.min)))
        most = x.dtype.type(min(top, float(limits.max)))
        return np.where(x < least, least, np.where(x > most, most, x))

    return clip
