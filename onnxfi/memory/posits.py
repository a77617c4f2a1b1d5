"""Decodes posits, and rounds numbers to them.

Source: Posit Working Group, Standard for Posit Arithmetic (2022): two exponent bits at every
precision.
"""

from functools import cache

import numpy as np

_EXPONENT_BITS = 2


@cache
def posit_values(bits: int) -> np.ndarray:
    """Return the value of each code: float64, shape ``(2**bits,)``; NaR is NaN."""
    values = np.array([_decode(code, bits) for code in range(1 << bits)])
    values.flags.writeable = False
    return values


def encode_posits(numbers: np.ndarray, bits: int) -> np.ndarray:
    """Round numbers to posits.

    To the nearer of the two neighbours, where the posit of one more bit between them is half-way;
    ties to the even code. Numbers beyond the largest posit become the largest, and numbers nearer
    to zero than the smallest become the smallest: only 0 becomes 0. NaN and infinities become NaR.

    Args:
        numbers: float64.
        bits: bits of a posit.

    Returns:
        The codes: uint64, of the same shape.
    """
    half = 1 << (bits - 1)
    positive = posit_values(bits)[1:half]  # ascending, as their codes
    between = posit_values(bits + 1)[3 : 2 * half : 2]
    size = np.abs(numbers)
    with np.errstate(invalid="ignore"):
        place = np.clip(np.searchsorted(positive, size, side="right") - 1, 0, positive.size - 1)
        inside = place < positive.size - 1
        limit = between[np.minimum(place, between.size - 1)]
        even = (place + 1) % 2 == 0
        up = inside & (size > positive[place]) & ((size > limit) | ((size == limit) & ~even))
    codes = (place + 1 + up).astype(np.int64)
    codes = np.where(numbers < 0, (1 << bits) - codes, codes)
    codes = np.where(numbers == 0, 0, codes)
    codes = np.where(np.isfinite(numbers), codes, half)
    return np.asarray(codes.astype(np.uint64))


def _decode(code: int, bits: int) -> float:
    if code == 0:
        return 0.0
    if code == 1 << (bits - 1):
        return float("nan")
    sign = code >> (bits - 1)
    magnitude = (1 << bits) - code if sign else code
    text = f"{magnitude:0{bits}b}"[1:]
    run = len(text) - len(text.lstrip(text[0]))
    regime = run - 1 if text[0] == "1" else -run
    rest = text[run + 1 :]
    exponent = int(rest[:_EXPONENT_BITS].ljust(_EXPONENT_BITS, "0"), 2)
    fraction = rest[_EXPONENT_BITS:]
    mantissa = 1 + (int(fraction, 2) / (1 << len(fraction)) if fraction else 0)
    value = float(mantissa * 2.0 ** (regime * (1 << _EXPONENT_BITS) + exponent))
    return -value if sign else value
