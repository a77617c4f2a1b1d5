"""Distances of vectors, worked out by hand."""

import math

import numpy as np
import pytest

from onnxfi.injector.metrics import (
    EmbeddingDistance,
)
from tests.support.metric_checks import outputs


def test_embedding_distance() -> None:
    x = np.array([[1.0, 0.0], [0.0, 2.0]])
    y = np.array([[1.0, 1.0], [0.0, 4.0]])
    metric = EmbeddingDistance(limit=0.25)
    found = metric.columns(outputs(x), outputs(y))
    assert found["cosine_distance"] == pytest.approx(1 - 1 / math.sqrt(2))
    assert found["euclidean_distance"] == pytest.approx(2.0)  # the largest of 1 and 2
    assert metric.is_wrong(outputs(x), outputs(y))
    assert not EmbeddingDistance(limit=0.3).is_wrong(outputs(x), outputs(y))
    assert EmbeddingDistance(distance="euclidean", limit=1.9).is_wrong(outputs(x), outputs(y))
    huge = metric.columns(outputs(1e200 * x), outputs(1e200 * y))
    assert huge["cosine_distance"] == pytest.approx(found["cosine_distance"])
    for a, b, expected in (
        ([0.0, 0.0], [0.0, 0.0], 0.0),
        ([0.0, 0.0], [1.0, 0.0], 1.0),
        ([1.0, 0.0], [-2.0, 0.0], 2.0),
        ([math.nan, 1.0], [math.nan, 1.0], 0.0),
        ([1.0, 1.0], [math.nan, 1.0], math.inf),
    ):
        assert metric.columns(outputs(a), outputs(b))["cosine_distance"] == pytest.approx(expected)
    assert metric.is_wrong(outputs(x), outputs(x[:1]))
