"""Computes the metric's columns of the records."""

from onnxfi.injector import Injections
from onnxfi.injector.metrics import Metric, MetricValue, columns_of_all, naming_injections


def metric_columns(metric: Metric, injections: Injections) -> dict[str, list[MetricValue]]:
    """Return the metric's columns by name, each with a value for each injection.

    Masked injections get the values of the golden outputs. Where the faulty execution failed, only
    the columns that begin with ``golden_`` have values.

    Raises:
        MetricError: a metric of the user fails.
    """
    golden, count = injections.batch.golden.outputs, len(injections)
    masked = metric.columns(golden, golden)
    columns = {name: [masked.get(name)] * count for name in metric.column_types}
    differing = [x for x, outcome in enumerate(injections.outcomes) if outcome != "masked"]
    compared = [x for x in differing if injections.outputs[x]]
    failed = [x for x in differing if not injections.outputs[x]]
    outputs = [injections.outputs[place] for place in compared]
    with naming_injections([injections.batch.ids[x] for x in compared], outputs):
        found = columns_of_all(metric, golden, outputs)
    for name, values in found.items():
        column = columns[name]
        for place, value in zip(compared, values, strict=True):
            column[place] = value
        for place in failed if not name.startswith("golden_") else ():
            column[place] = None
    return columns
