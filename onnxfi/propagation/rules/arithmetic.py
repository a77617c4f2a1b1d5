"""Add, Sub, Mul, Div and the Sum of two: of a patched tensor and a golden one, or both patched."""

from collections.abc import Callable, Sequence

import numpy as np
import onnx_ir as ir

from onnxfi.propagation.patches import Patches
from onnxfi.propagation.rules.rule import InexactError, Operand, Rule

_FUNCTIONS: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "Add": np.add,
    "Sum": np.add,
    "Sub": np.subtract,
    "Mul": np.multiply,
    "Div": np.divide,
}


def arithmetic_rule(node: ir.Node) -> Rule | None:
    """Return the rule; None for a Sum of other than two tensors."""
    if len(node.inputs) != 2:
        return None
    function = _FUNCTIONS[node.op_type]

    def push(operands: Sequence[Operand | None], output: np.ndarray) -> Patches:
        sides = [x for x in operands if x is not None]
        patched = [x for x in sides if x.patches is not None]
        if any(x.golden.shape != output.shape for x in patched):
            # An element that is broadcast changes many: no longer sparse.
            raise InexactError(_lanes(patched))
        keys = [x.patches.keys for x in patched if x.patches is not None]
        union = keys[0] if len(keys) == 1 else np.union1d(keys[0], keys[1])
        left, right = (_elements(x, union, output) for x in sides)
        both_nan = np.isnan(left) & np.isnan(right)
        if both_nan.any():  # which payload survives depends on the kernel
            raise InexactError(np.unique(union[both_nan] // output.size))
        with np.errstate(all="ignore"):
            return Patches(union, function(left, right))

    return push


def _elements(operand: Operand, keys: np.ndarray, output: np.ndarray) -> np.ndarray:
    if operand.patches is not None:
        return operand.patches.at(keys, operand.golden)
    if operand.golden.size == 1:
        return np.broadcast_to(operand.golden.reshape(-1), keys.shape)
    if operand.golden.shape == output.shape:
        same: np.ndarray = operand.golden.reshape(-1)[keys % output.size]
        return same
    return np.broadcast_to(operand.golden, output.shape)[
        np.unravel_index(keys % output.size, output.shape)
    ]


def _lanes(patched: Sequence[Operand]) -> np.ndarray:
    return np.unique(
        np.concatenate([x.patches.keys // x.golden.size for x in patched if x.patches is not None])
    )
