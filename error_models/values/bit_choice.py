"""Checks the configured bits of an error model, and draws among them."""

from typing import Literal

import numpy as np

from onnxfi.error_models.checks import checked_integer
from onnxfi.error_models.values.bit_layout import bit_layout
from onnxfi.errors import ErrorModelError
from onnxfi.suggestions import did_you_mean

BitField = Literal["any", "sign", "exponent", "mantissa"]
_FIELDS = ("any", "sign", "exponent", "mantissa")


def checked_bit(model: str, bit: object) -> int | str:
    """Return the configured ``bit``: a bit number as an ``int``, or the name of a field.

    Args:
        model: name of the error model, for the message.
        bit: the configured value.

    Raises:
        ErrorModelError: the value is neither.
    """
    if not isinstance(bit, str):
        return checked_integer(model, "bit", bit, low=0, high=63)
    if bit not in _FIELDS:
        raise ErrorModelError(
            f"{model}: bit must be a number or one of {', '.join(_FIELDS)}, "
            f"got {bit!r}{did_you_mean(bit, _FIELDS)}"
        )
    return bit


def bits_of_dtype(model: str, bit: int | str, dtype: np.dtype) -> range:
    """Return the bits of a dtype that a configured ``bit`` stands for.

    Args:
        model: name of the error model, for the message.
        bit: a bit number or the name of a field.
        dtype: one with a bit layout.

    Raises:
        ErrorModelError: the dtype has no such bit.
    """
    layout = bit_layout(dtype)
    if bit == "any":
        return range(layout.width)
    if isinstance(bit, int):
        if bit >= layout.width:
            raise ErrorModelError(
                f"{model}: bit must be from 0 to {layout.width - 1} for a {dtype} target, "
                f"got {bit}: choose a lower bit or another target"
            )
        return range(bit, bit + 1)
    fields = {"sign": layout.sign, "exponent": layout.exponent, "mantissa": layout.mantissa}
    if not fields[bit]:
        raise ErrorModelError(
            f"{model}: bit={bit} needs a target whose dtype has such bits, "
            f"got {dtype}, which has none: use bit=any or a bit number"
        )
    return fields[bit]


def draw_bits(allowed: range, count: int, *, rng: np.random.Generator) -> np.ndarray:
    """Draw a bit for each of ``count`` sites, independently.

    Returns:
        int16, shape ``(count,)``. Nothing is drawn if only one bit is allowed.
    """
    if len(allowed) == 1:
        return np.full(count, allowed[0], dtype=np.int16)
    if count == 1:  # draws the same as size=1, at a third of the cost
        return np.array([rng.integers(allowed.start, allowed.stop, dtype=np.int16)], np.int16)
    return rng.integers(allowed.start, allowed.stop, size=count, dtype=np.int16)
