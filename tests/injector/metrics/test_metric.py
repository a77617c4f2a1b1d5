"""Metrics return the columns that they declare."""

import numpy as np
import pytest

from onnxfi.errors import InputError
from onnxfi.injector import Metric, decide_outcome
from onnxfi.injector.metrics import (
    Classification,
    Detection,
    EmbeddingDistance,
    Regression,
    Segmentation,
    TokenSequence,
)


@pytest.mark.parametrize(
    "metric",
    [
        Classification("s"),
        Segmentation(),
        TokenSequence(),
        Regression(),
        EmbeddingDistance(),
        Detection(boxes="b", scores="s"),
    ],
)
def test_columns_have_the_types_that_are_told(metric: Metric) -> None:
    rng = np.random.default_rng(0)
    golden, faulty = (
        {
            "y": rng.normal(size=(2, 3, 4, 4)),
            "b": rng.random((2, 5, 4)),
            "s": rng.random((2, 5)),
        }
        for _ in range(2)
    )
    for other in (golden, faulty):
        columns = metric.columns(golden, other)
        assert list(columns) == list(metric.column_types)
        for name, value in columns.items():
            assert value is None or type(value) is metric.column_types[name]
    assert not metric.is_wrong(golden, golden)
    assert metric.is_wrong(golden, faulty)
    assert decide_outcome(golden, golden, metric) == "masked"
    assert decide_outcome(golden, faulty, metric) == "sdc"
    broken = {name: np.full_like(array, np.nan) for name, array in golden.items()}
    assert decide_outcome(golden, broken, metric) == "due"
    metric.columns(golden, broken)  # is a record nevertheless
    del golden["y"], golden["b"]
    with pytest.raises(InputError, match="output must be"):
        metric.is_wrong({"z": np.array("text", dtype=object)}, golden)
