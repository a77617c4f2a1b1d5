"""Defines what a metric is: the comparison of faulty outputs with golden outputs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np

MetricValue = bool | int | float | None
ColumnType = type[bool] | type[int] | type[float]
#: Outputs of a model by name.
Outputs = Mapping[str, np.ndarray]


@runtime_checkable
class Metric(Protocol):
    """Compares faulty outputs with golden outputs, both by name.

    A metric of onnxfi may also have ``compare_many(golden, faulty: Sequence[Outputs]) ->
    Comparisons``, if it compares many faulty outputs faster than one by one. It must give what
    `is_wrong` and `columns` give for each.
    """

    @property
    def column_types(self) -> Mapping[str, ColumnType]:
        """The columns that the records keep, with their types; each may be None in a record."""

    def is_wrong(self, golden: Outputs, faulty: Outputs) -> bool:
        """Return whether the faulty answer is wrong."""

    def columns(self, golden: Outputs, faulty: Outputs) -> dict[str, MetricValue]:
        """Return the columns for the records; always the same keys.

        Keys that begin with ``golden_`` depend on the golden outputs only.
        """


@dataclass(frozen=True, slots=True)
class Comparisons:
    """The comparison of several faulty outputs with golden outputs, computed on demand.

    Attributes:
        wrong: returns for each faulty output whether the answer is wrong.
        columns: returns the columns by name, with one value for each faulty output.
    """

    wrong: Callable[[], list[bool]]
    columns: Callable[[], Mapping[str, list[MetricValue]]]
