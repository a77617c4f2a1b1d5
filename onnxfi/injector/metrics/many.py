"""Comparing the outputs of many injections at once, where a metric can."""

from collections.abc import Iterator, Mapping, Sequence
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
    ) -> Mapping[str, list[MetricValue]]:
        """Return what `columns` returns of each, column by column."""


def are_wrong(metric: Metric, golden: Outputs, faulty: Sequence[Outputs]) -> list[bool]:
    """Return which of some faulty answers are wrong."""
    if not isinstance(metric, ManyMetric):
        return [metric.is_wrong(golden, x) for x in faulty]
    return [wrong for part in in_parts(golden, faulty) for wrong in metric.are_wrong(golden, part)]


def columns_of_all(
    metric: Metric, golden: Outputs, faulty: Sequence[Outputs]
) -> dict[str, list[MetricValue]]:
    """Return the metric's columns of some faulty outputs, by name."""
    columns: dict[str, list[MetricValue]] = {name: [] for name in metric.column_types}
    if isinstance(metric, ManyMetric):
        for part in in_parts(golden, faulty):
            for name, values in metric.columns_of_all(golden, part).items():
                columns[name] += values
        return columns
    for outputs in faulty:
        found = metric.columns(golden, outputs)
        for name, column in columns.items():
            column.append(found.get(name))
    return columns


def in_parts(golden: Outputs, faulty: Sequence[Outputs]) -> Iterator[Sequence[Outputs]]:
    """Yield faulty outputs, so many at a time that together they are small."""
    size = sum(getattr(x, "nbytes", _SMALL) for x in golden.values())
    count = 1 if size > _SMALL else _MOST_BYTES // max(1, size)
    for start in range(0, len(faulty), count):
        yield faulty[start : start + count]
