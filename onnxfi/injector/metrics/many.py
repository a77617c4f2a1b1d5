"""Comparing the outputs of many injections at once, where a metric can."""

from collections.abc import Iterator, Sequence
from typing import Protocol, runtime_checkable

from onnxfi.injector.metrics.metric import Metric, MetricValue, Outputs

# Bytes of golden outputs: comparing many together pays where one alone is mostly overhead.
_SMALL = 1 << 16
_MOST_BYTES = 1 << 22


@runtime_checkable
class ManyMetric(Protocol):
    """What a metric also has if it compares many faulty outputs quicker than one by one."""

    def are_wrong(self, golden: Outputs, faulty: Sequence[Outputs]) -> list[bool]:
        """Return what `is_wrong` returns of each."""

    def columns_of_all(
        self, golden: Outputs, faulty: Sequence[Outputs]
    ) -> list[dict[str, MetricValue]]:
        """Return what `columns` returns of each."""


def are_wrong(metric: Metric, golden: Outputs, faulty: Sequence[Outputs]) -> list[bool]:
    """Return which of some faulty answers are wrong."""
    if not isinstance(metric, ManyMetric):
        return [metric.is_wrong(golden, x) for x in faulty]
    return [wrong for part in in_parts(golden, faulty) for wrong in metric.are_wrong(golden, part)]


def columns_of_all(
    metric: Metric, golden: Outputs, faulty: Sequence[Outputs]
) -> list[dict[str, MetricValue]]:
    """Return the metric's columns of some faulty outputs."""
    if not isinstance(metric, ManyMetric):
        return [metric.columns(golden, x) for x in faulty]
    return [x for part in in_parts(golden, faulty) for x in metric.columns_of_all(golden, part)]


def in_parts(golden: Outputs, faulty: Sequence[Outputs]) -> Iterator[Sequence[Outputs]]:
    """Yield faulty outputs, so many at a time that together they are small."""
    size = sum(getattr(x, "nbytes", _SMALL) for x in golden.values())
    count = 1 if size > _SMALL else _MOST_BYTES // max(1, size)
    for start in range(0, len(faulty), count):
        yield faulty[start : start + count]
