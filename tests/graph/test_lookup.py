"""Names match patterns."""

import pytest

from onnxfi.graph.lookup import is_pattern, matches


@pytest.mark.parametrize("text", ["conv*", "conv?", "[ab]", "*"])
def test_patterns(text: str) -> None:
    assert is_pattern(text)


@pytest.mark.parametrize("text", ["conv", "", "a/b.c:0", "(a)"])
def test_plain_names(text: str) -> None:
    assert not is_pattern(text)


@pytest.mark.parametrize(
    ("name", "pattern", "expected"),
    [
        ("conv1", "conv*", True),
        ("conv1", "Conv*", False),  # case counts
        ("block/conv1", "conv*", False),
        ("block/conv1", "*conv1", True),
        ("a[0]", "a[0]", True),  # a name that looks like a pattern is a name first
        ("a0", "a[0]", True),
        (None, "*", False),
    ],
)
def test_matches(name: str | None, pattern: str, expected: bool) -> None:
    assert matches(name, pattern) is expected
