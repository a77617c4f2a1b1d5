"""Compares the outputs of many injections, at once if the metric can."""

from collections.abc import Callable, Iterator, Sequence

from onnxfi.injector.metrics.metric import Comparisons, Metric, MetricValue, Outputs

# Bytes of golden outputs. Comparing several at once pays if one alone is mostly overhead.
_SMALL = 1 << 16
# Bytes of faulty outputs that are compared at once.
_MOST_BYTES = 1 << 22


def are_wrong(metric: Metric, golden: Outputs, faulty: Sequence[Outputs]) -> list[bool]:
    """Return for each faulty answer whether it is wrong."""
    return [x for part in _comparisons(metric, golden, faulty) for x in part.wrong()]


def columns_of_all(
    metric: Metric, golden: Outputs, faulty: Sequence[Outputs]
) -> dict[str, list[MetricValue]]:
    """Return the metric's columns by name, with one value for each of the faulty outputs."""
    columns: dict[str, list[MetricValue]] = {name: [] for name in metric.column_types}
    for part in _comparisons(metric, golden, faulty):
        for name, values in part.columns().items():
            columns[name] += values
    return columns


def in_parts(golden: Outputs, faulty: Sequence[Outputs]) -> Iterator[Sequence[Outputs]]:
    """Yield the faulty outputs in parts that are small enough to compare at once."""
    size = sum(getattr(x, "nbytes", _SMALL) for x in golden.values())
    count = 1 if size > _SMALL else _MOST_BYTES // max(1, size)
    for start in range(0, len(faulty), count):
        yield faulty[start : start + count]


def _comparisons(
    metric: Metric, golden: Outputs, faulty: Sequence[Outputs]
) -> Iterator[Comparisons]:
    compare_many: Callable[[Outputs, Sequence[Outputs]], Comparisons] | None
    compare_many = getattr(metric, "compare_many", None)
    if compare_many is None:
        yield _one_by_one(metric, golden, faulty)
        return
    for part in in_parts(golden, faulty):
        yield compare_many(golden, part)


def _one_by_one(metric: Metric, golden: Outputs, faulty: Sequence[Outputs]) -> Comparisons:
    def columns() -> dict[str, list[MetricValue]]:
        rows = [metric.columns(golden, x) for x in faulty]
        return {name: [row.get(name) for row in rows] for name in metric.column_types}

    return Comparisons(lambda: [metric.is_wrong(golden, x) for x in faulty], columns)
