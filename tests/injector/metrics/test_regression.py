"""Regression against its definition, worked out element by element."""

import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from onnxfi.injector.metrics import (
    Regression,
)
from tests.support.metric_checks import ODD, outputs, same


@settings(max_examples=40, deadline=None)
@given(arrays(np.float64, (2, 5), elements=ODD), st.sampled_from([0.0, 0.5]), st.floats(0, 1))
def test_regression(both: np.ndarray, absolute: float, relative: float) -> None:
    errors, shares, wrong = [], [], False
    for x, y in zip(*both.tolist(), strict=True):
        if x == y or (math.isnan(x) and math.isnan(y)):
            error = share = 0.0
        else:
            error = abs(y - x)
            error = math.inf if math.isnan(error) else error
            share = error / abs(x) if x and math.isfinite(x) else math.inf
        allowed = absolute + relative * (abs(x) if math.isfinite(x) else 0)
        wrong |= error > allowed
        errors.append(error)
        shares.append(share)
    metric = Regression(absolute=absolute, relative=relative)
    golden, faulty = (outputs(x) for x in both)
    found = metric.columns(golden, faulty)
    assert same(found["max_absolute_error"], max(errors))
    assert same(found["mean_absolute_error"], sum(errors) / 5)
    assert same(found["max_relative_error"], max(shares))
    assert metric.is_wrong(golden, faulty) == wrong


def test_regression_of_other_shapes_and_of_nothing() -> None:
    metric = Regression()
    assert metric.is_wrong(outputs([1.0]), outputs([1.0, 1.0]))
    assert metric.columns(outputs([1.0]), outputs([1.0, 1.0]))["max_absolute_error"] is None
    assert not metric.is_wrong(outputs(np.zeros((0, 2))), outputs(np.zeros((0, 2))))
