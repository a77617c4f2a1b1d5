"""Computes the output sizes and the padding of sliding windows."""

from collections.abc import Sequence
from typing import Any


def window_size(
    length: int | None, window: int, stride: int, dilation: int, padding: str
) -> int | None:
    """Return the size of an axis after a convolution or a pooling; None if it is unknown.

    Args:
        length: size of the axis before.
        window: size of the kernel or pool.
        stride: step of the window.
        dilation: distance between the elements of the window.
        padding: ``same``, ``causal`` or ``valid``.
    """
    if length is None:
        return None
    if padding in ("same", "causal"):
        return -(-length // stride)
    return (length - (window - 1) * dilation - 1) // stride + 1


def same_padding(
    lengths: Sequence[int | None],
    windows: Sequence[int],
    strides: Sequence[int],
    dilations: Sequence[int],
) -> dict[str, Any]:
    """Return the ONNX attributes of ``same`` padding, whose odd element goes to the end.

    Returns:
        Explicit ``pads`` for known sizes, otherwise ``auto_pad``, which a runtime resolves in the
        same way.
    """
    before = []
    after = []
    for length, window, stride, dilation in zip(lengths, windows, strides, dilations, strict=True):
        if length is None:
            return {"auto_pad": "SAME_UPPER"}
        steps = -(-length // stride) - 1
        total = max(steps * stride + (window - 1) * dilation + 1 - length, 0)
        before.append(total // 2)
        after.append(total - total // 2)
    return {"pads": [*before, *after]}


def causal_padding(windows: Sequence[int], dilations: Sequence[int]) -> dict[str, Any]:
    """Return the ONNX attributes of ``causal`` padding: all of it before the sequence."""
    before = [(window - 1) * rate for window, rate in zip(windows, dilations, strict=True)]
    return {"pads": [*before, *(0 for _ in before)]}
