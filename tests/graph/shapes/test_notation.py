"""Tests how shapes are written."""

import pytest

from onnxfi.graph import format_shape


@pytest.mark.parametrize(
    ("shape", "text"),
    [
        (None, "?"),
        ((), "()"),
        ((3,), "(3,)"),
        (("N", None, 7), "(N, ?, 7)"),
        (("floor(floor(height/2 - 1/2)/2) + 1", 4), "(floor(floor(he… - 1/2)/2) + 1, 4)"),
    ],
)
def test_a_shape_is_short(shape: tuple[object, ...] | None, text: str) -> None:
    assert format_shape(shape) == text
