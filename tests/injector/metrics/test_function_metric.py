"""Functions work as metrics."""

from typing import Any

import numpy as np
import pytest

from onnxfi.injector.metrics import FunctionMetric

OUTPUTS = {"y": np.ones(1)}


@pytest.mark.parametrize(
    ("returned", "wrong", "columns"),
    [
        (True, True, {}),
        ({"wrong": False, "far": 1.5}, False, {"far": 1.5}),
        ({"far": 1.5}, {"far": 1.5}, {"far": 1.5}),  # which OwnMetric refuses
    ],
)
def test_verdict_and_columns(returned: Any, wrong: Any, columns: dict[str, float]) -> None:
    metric = FunctionMetric(lambda golden, faulty: returned, "f")
    assert metric.is_wrong(OUTPUTS, OUTPUTS) == wrong
    assert metric.columns(OUTPUTS, OUTPUTS) == columns
    assert metric.column_types == {}


def test_declared_columns() -> None:
    def far(golden: Any, faulty: Any) -> bool:
        return False

    far.column_types = {"far": float}  # type: ignore[attr-defined]
    assert FunctionMetric(far, "far").column_types == {"far": float}
