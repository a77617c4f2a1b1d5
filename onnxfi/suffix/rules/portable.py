"""Rules of operators that round nothing, whose bits are the same on every provider."""

from collections.abc import Sequence

import numpy as np

from onnxfi.suffix.patches import Patches
from onnxfi.suffix.rules.rule import InexactError, Operand, Rule

#: Elementwise operators that compare, choose or invert bits.
ROUNDING_NOTHING = frozenset(
    [
        *("Abs", "And", "Clip", "Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual"),
        *("Max", "Min", "Neg", "Not", "Or", "Relu", "Where", "Xor"),
    ]
)


def portable(rule: Rule) -> Rule:
    """Return a rule that refuses values which kernels treat in different ways.

    Those are NaN, which some kernels replace, and the negative zero, which equals the other zero.

    Args:
        rule: the rule of the CPU's kernel.
    """

    def push(operands: Sequence[Operand | None], output: np.ndarray) -> Patches:
        for operand in operands:
            if operand is not None and operand.patches is not None:
                _refuse_unclear(operand.patches, operand.golden.size)
        made = rule(operands, output)
        _refuse_unclear(made, output.size)
        return made

    return push


def _refuse_unclear(patches: Patches, size: int) -> None:
    values = patches.values
    if values.dtype.kind != "f":
        return
    unclear = np.isnan(values) | ((values == 0) & np.signbit(values))
    if unclear.any():
        raise InexactError(np.unique(patches.keys[unclear] // size))
