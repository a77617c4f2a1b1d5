"""Metrics are found by name, and configured."""

import sys
import types
from typing import Any

import numpy as np
import pytest

from onnxfi.errors import ConfigurationError, MetricError
from onnxfi.injector.metrics import (
    Classification,
    Regression,
    Segmentation,
    load_metric,
)
from tests.support.metric_checks import outputs


def test_metrics_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_metric("classification", {"output": "y"}) == Classification("y")
    assert load_metric("segmentation", {"min_iou": 0.5}) == Segmentation(min_iou=0.5)
    module = types.ModuleType("mine")

    def answer(golden: Any, faulty: Any) -> Any:
        return {"wrong": bool(faulty["y"][0] > 3), "first": float(faulty["y"][0])}

    answer.column_types = {"first": float}  # type: ignore[attr-defined]

    class Best(Regression):
        """A metric of somebody else."""

    module.answer, module.Best, module.number = answer, Best, 3  # type: ignore[attr-defined]
    module.plain = lambda golden, faulty: np.bool_(True)  # type: ignore[attr-defined]
    module.vague = lambda golden, faulty: {"first": 1}  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "mine", module)
    metric = load_metric("mine:answer", {})
    assert metric.columns({}, outputs([4.0])) == {"first": 4.0}
    assert metric.is_wrong({}, outputs([4.0]))
    assert not metric.is_wrong({}, outputs([2.0]))
    assert load_metric("mine:plain", {}).is_wrong({}, {}) is True
    assert load_metric("mine:plain", {}).columns({}, {}) == {}
    best = load_metric("mine:Best", {"relative": 0.2})
    assert best.columns(outputs([4.0]), outputs([4.0])) == Best().columns(*[outputs([4.0])] * 2)
    with pytest.raises(MetricError, match="'wrong'"):
        load_metric("mine:vague", {}).is_wrong({}, {})


@pytest.mark.parametrize(
    ("name", "configuration", "message"),
    [
        ("segmentatoin", {}, "did you mean 'segmentation'"),
        ("segmentation", {"iou": 0.5}, "keys output, class_axis, min_iou, got 'iou'"),
        ("segmentation", {"min_iou": 2}, "less than or equal to 1, got 2"),
        ("detection", {"boxes": "b"}, "scores"),
        ("nowhere:thing", {}, "ModuleNotFoundError"),
        ("math:pi", {}, "function or a class"),
        ("math:fsum", {"a": 1}, "takes no configuration"),
        ("fractions:Fraction", {}, "must have column_types"),
        ("fractions:Fraction", {"a": 1}, "unexpected keyword"),
    ],
)
def test_mistakes_are_told(name: str, configuration: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        load_metric(name, configuration)
