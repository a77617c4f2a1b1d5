"""Tests the arithmetic of sliding windows."""

import pytest

from onnxfi.converters.translation.padding import causal_padding, same_padding, window_size


@pytest.mark.parametrize(
    ("length", "window", "stride", "dilation", "padding", "size"),
    [
        (7, 3, 1, 1, "valid", 5),
        (7, 3, 2, 1, "valid", 3),
        (7, 3, 1, 2, "valid", 3),
        (7, 3, 2, 1, "same", 4),
        (7, 3, 1, 2, "causal", 7),
        (None, 3, 1, 1, "valid", None),
    ],
)
def test_window_size(
    length: int | None, window: int, stride: int, dilation: int, padding: str, size: int | None
) -> None:
    assert window_size(length, window, stride, dilation, padding) == size


def test_same_padding_puts_the_odd_element_at_the_end() -> None:
    assert same_padding([7, 8], [3, 4], [1, 1], [1, 1]) == {"pads": [1, 1, 1, 2]}


def test_same_padding_is_never_negative() -> None:
    assert same_padding([8], [1], [2], [1]) == {"pads": [0, 0]}


def test_same_padding_of_an_unknown_size_is_left_to_the_runtime() -> None:
    assert same_padding([7, None], [3, 3], [1, 1], [1, 1]) == {"auto_pad": "SAME_UPPER"}


def test_causal_padding_is_before_the_sequence() -> None:
    assert causal_padding([3], [2]) == {"pads": [4, 0]}
