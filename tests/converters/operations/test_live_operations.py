"""Tests operations of Keras 3 on whole numbers and over other axes against live Keras."""

import importlib
from pathlib import Path

import numpy as np
import pytest

from onnxfi.converters import convert
from tests.support.keras_references import run

# TensorFlow and Keras warn of files and of arrays of their own.
pytestmark = [
    pytest.mark.live,
    pytest.mark.usefixtures("live"),
    pytest.mark.filterwarnings("ignore"),
]

CASES = {
    "mean of whole numbers": lambda ops, x: ops.mean(x, axis=1),
    "variance of whole numbers": lambda ops, x: ops.var(x, axis=1),
    "mean of all": lambda ops, x: ops.mean(x),
    "sum over the batch": lambda ops, x: ops.sum(x, axis=0),
    "cumsum": lambda ops, x: ops.cumsum(x, axis=1),
    "sorted": lambda ops, x: ops.sort(x, axis=1),
    "modulo": lambda ops, x: ops.mod(x - 3, 3),
}


@pytest.mark.parametrize("name", CASES)
def test_operation_on_whole_numbers(tmp_path: Path, name: str) -> None:
    keras = importlib.import_module("keras")
    numbers = keras.Input((5,), dtype="int32")
    model = keras.Model(numbers, CASES[name](keras.ops, numbers))
    model.save(tmp_path / "model.h5")
    converted = convert(tmp_path / "model.h5")
    value = np.random.default_rng(2).integers(0, 9, (3, 5)).astype(np.int32)
    (actual,) = run(converted, {converted.graph.input[0].name: value})
    wanted = np.asarray(model(value))
    assert actual.dtype == wanted.dtype
    assert actual.shape == wanted.shape
    np.testing.assert_allclose(actual, wanted, rtol=1e-6)
