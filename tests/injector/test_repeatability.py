"""Golden runs of one input: the same bits, or a warning, or an error."""

import logging
from typing import Any

import numpy as np
import pytest

import onnxfi
from onnxfi.errors import InputError
from onnxfi.injector.repeatability import check_repeated, relative_distance
from tests.support.small_graphs import SMALL_GRAPHS

X = np.array([1.0, -4.0, np.nan, np.inf], np.float32)


@pytest.mark.parametrize(
    ("first", "second", "distance"),
    [
        (X, X.copy(), 0.0),
        (X, np.array([1.0, -3.0, np.nan, np.inf], np.float32), 0.25),
        (X, np.array([1.0, -4.0, 0.0, np.inf], np.float32), np.inf),
        (X, X.reshape(2, 2), np.inf),
        (np.zeros(2), np.full(2, 1e-30), np.inf),
        (np.zeros(2), -np.zeros(2), 0.0),
        (np.empty(0), np.empty(0), 0.0),
        (np.array([1, 2]), np.array([1, 2]), 0.0),
        (np.array([1, 2]), np.array([1, 3]), np.inf),
        (np.array(["a"], object), np.array(["a"], object), 0.0),
        (np.array(["a"], object), np.array(["b"], object), np.inf),
        ([X], [X.copy()], 0.0),
        ([X], [], np.inf),
        ([X], [X + 1], np.inf),
    ],
)
def test_distance(first: Any, second: Any, distance: float) -> None:
    assert relative_distance(first, second) == distance


def chain() -> onnxfi.Model:
    return onnxfi.load(SMALL_GRAPHS["chain"]())


def test_the_same_bits_are_silent(caplog: pytest.LogCaptureFixture) -> None:
    check_repeated(chain(), {"a": X, "y": [X]}, {"a": X.copy(), "y": [X.copy()]})
    assert not caplog.records


def test_rounding_is_a_warning_that_names_the_first_tensor(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.WARNING)
    moved = X * np.float32(1 + 1e-6)
    check_repeated(chain(), {"y": X, "b": X, "x": X}, {"y": moved, "b": moved, "x": X})
    (record,) = caplog.records
    assert "differ by rounding from 'b' (Relu) on" in record.getMessage()


def test_more_is_an_error_that_names_the_first_tensor() -> None:
    """An input has no node."""
    with pytest.raises(InputError, match=r"they differ from 'a' \(MatMul\) on"):
        check_repeated(chain(), {"y": X, "a": X}, {"y": X * 2, "a": X * 2})
    with pytest.raises(InputError, match="they differ from 'x' on"):
        check_repeated(chain(), {"x": X}, {"x": X * 2})
