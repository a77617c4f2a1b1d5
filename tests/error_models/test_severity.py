"""Tests the score of faults."""

import math
from typing import Any

import numpy as np
import pytest

from onnxfi.error_models import log2_norm, severities


@pytest.mark.parametrize("dtype", [np.float32, np.float16, np.int8, np.uint8, np.int64])
def test_severity_is_the_size_of_the_change(dtype: Any) -> None:
    replaced, values = np.array([3, 5, 1, 2], dtype), np.array([7, 5, 4, 6], dtype)
    found = severities(replaced, values, np.array([1, 1, 2]))
    assert found == pytest.approx([2.0, -math.inf, math.log2(5)])


def test_values_that_are_not_finite_are_worst() -> None:
    replaced = np.zeros(4, np.float32)
    values = np.array([np.nan, np.inf, 3e38, -3e38], np.float32)
    found = severities(replaced, values, np.array([1, 1, 2]))
    assert found[:2].tolist() == [math.inf, math.inf]
    assert found[2] == pytest.approx(math.log2(3e38) + 0.5)
    # A golden value that is not finite says nothing of the change.
    assert severities(np.array([np.inf]), np.array([1.0]), np.array([1])).tolist() == [math.inf]


def test_a_corruption_without_a_site_changes_nothing() -> None:
    none = np.zeros(0, np.float32)
    assert severities(none, none, np.array([0, 0])).tolist() == [-math.inf] * 2


@pytest.mark.parametrize("dtype", [np.float32, np.float16, np.int8])
def test_the_norm_makes_tensors_comparable(dtype: Any) -> None:
    assert log2_norm(np.array([[3, 0], [0, -4]], dtype)) == pytest.approx(math.log2(5))
    assert log2_norm(np.zeros(3, dtype)) == 0
    assert log2_norm(np.zeros(0, dtype)) == 0


def test_the_norm_is_of_finite_values_and_does_not_overflow() -> None:
    assert log2_norm(np.array([np.inf, np.nan, 2.0], np.float32)) == pytest.approx(1)
    assert log2_norm(np.full(4, 3e38, np.float32)) == pytest.approx(math.log2(3e38) + 1)
    assert log2_norm(np.full(4, 1e300)) == pytest.approx(math.log2(1e300) + 1)
