"""Computes the metric's columns of the records."""

from onnxfi.injector import Injections
from onnxfi.injector.metrics import (
    Metric,
    MetricValue,
    columns_of_all,
    naming_injection,
    naming_injections,
)


def metric_columns(metric: Metric, injections: Injections) -> dict[str, list[MetricValue]]:
    """Return the metric's columns by name, each with a value for each injection.

    Masked injections get the values of the golden outputs. Where the faulty execution failed, only
    the columns that begin with ``golden_`` have values.

    Raises:
        MetricError: a metric of the user fails.
    """
    golden, ids = injections.batch.golden.outputs, injections.batch.ids
    compared, failed, masked = list[int](), list[int](), list[int]()
    for place, outcome in enumerate(injections.outcomes):
        if outcome == "masked":
            masked.append(place)
        else:
            (compared if injections.outputs[place] else failed).append(place)
    columns: dict[str, list[MetricValue]] = {x: [None] * len(ids) for x in metric.column_types}
    if masked or failed:
        with naming_injection(ids[min(masked + failed)]):
            of_golden = metric.columns(golden, golden)
        for name, column in columns.items():
            for place in masked + failed if name.startswith("golden_") else masked:
                column[place] = of_golden.get(name)
    outputs = [injections.outputs[place] for place in compared]
    with naming_injections([ids[x] for x in compared], outputs):
        found = columns_of_all(metric, golden, outputs)
    for name, values in found.items():
        for place, value in zip(compared, values, strict=True):
            columns[name][place] = value
    return columns
