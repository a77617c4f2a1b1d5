"""The comparison finds what a page shows wrongly, and no more."""

import pytest

from tests.documentation.comparison import differences

ROW = "│ conv1 │ 2.3 [1.5, 3.4] │"


@pytest.mark.parametrize(
    ("expected", "actual"),
    [
        ("a  b\n", "a b\n\n"),
        ("target  sdc\nconv1  2.3 [1.5, 3.4]", "target sdc\n" + ROW),
        (ROW, "conv1 3.1 [1.2, 3.9]"),  # within the interval
        ("sdc 2.3 % [1.5, 3.4]", "sdc 3.1 % [1.2, 3.9]"),
        ("first\n...\nlast", "first\nx\ny\nlast"),
        ("first\n...", "first\nx"),
        ("first\n...", "first"),
        ("about ... seconds", "about 3 seconds"),
        ("1000 injections", "1000 injections"),
    ],
)
def test_equal(expected: str, actual: str) -> None:
    assert differences(expected, actual) == []


@pytest.mark.parametrize(
    ("expected", "actual"),
    [
        (ROW, "conv1 3.6 [1.5, 3.4]"),  # outside of the interval
        (ROW, "conv2 2.3 [1.5, 3.4]"),
        (ROW, "conv1 2.3 [1.5, 9.9]"),
        (ROW, ""),
        ("a", "a\nb"),
        ("a\nb", "a"),
        ("a\nb", "b\na"),
        ("1000 injections", "1001 injections"),
    ],
)
def test_different(expected: str, actual: str) -> None:
    assert differences(expected, actual) != []


def test_numbers_may_differ_by_the_tolerance() -> None:
    assert differences("1.50 s", "1.57 s", tolerance=5) == []
    assert differences("1.50 s", "1.59 s", tolerance=5) != []
