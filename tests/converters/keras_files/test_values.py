"""Tests nested values and single ones of a configuration."""

from typing import Any

import pytest

from onnxfi.converters.keras_files.values import is_whole, leaves, map_leaves

NESTED = {"a": [1, ("x", 2)], "b": 3.5}


def test_leaves_are_yielded_in_order() -> None:
    assert list(leaves(NESTED, int)) == [1, 2]
    assert list(leaves(NESTED, str)) == ["x"]


def test_map_leaves_keeps_the_nesting() -> None:
    doubled = map_leaves(NESTED, int, lambda x: 2 * x)
    assert doubled == {"a": [2, ("x", 4)], "b": 3.5}


@pytest.mark.parametrize("value", [0, -1, 2**30])
def test_whole_numbers(value: Any) -> None:
    assert is_whole(value)


@pytest.mark.parametrize("value", [True, 1.0, "1", None, 2**31])
def test_other_values_are_not_whole_numbers(value: Any) -> None:
    assert not is_whole(value)
