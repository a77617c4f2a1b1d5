"""Sparse constants become dense."""

from pathlib import Path

import numpy as np
import onnx

import onnxfi
from tests.support.models.odd_models import (
    sparse,
)
from tests.support.small_graphs import (
    constant,
    weights,
)


def test_sparse_tensors_are_dense_once_loaded(tmp_path: Path) -> None:
    proto = sparse()
    onnx.save(proto, tmp_path / "model.onnx")
    for source in (proto, tmp_path / "model.onnx"):
        initializers = onnxfi.load(source).graph.initializers
        flat = np.zeros(6, np.float32)
        flat[[1, 2, 5]] = weights(3)
        np.testing.assert_array_equal(constant(initializers["flat"]), flat.reshape(2, 3))
        coordinates = np.zeros((2, 3), np.float32)
        coordinates[[0, 1], [0, 2]] = weights(2)
        np.testing.assert_array_equal(constant(initializers["coordinates"]), coordinates)
    assert len(proto.graph.sparse_initializer) == 2  # the caller's model is left as it is
