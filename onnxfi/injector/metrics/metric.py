"""What a metric is."""

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

import numpy as np

MetricValue = bool | int | float | None
ColumnType = type[bool] | type[int] | type[float]
#: Outputs of a model by name.
Outputs = Mapping[str, np.ndarray]


@runtime_checkable
class Metric(Protocol):
    """Compares faulty outputs with golden outputs, both by name."""

    @property
    def column_types(self) -> Mapping[str, ColumnType]:
        """The columns that the records keep, with their types; each may be None in a record."""

    def is_wrong(self, golden: Outputs, faulty: Outputs) -> bool:
        """Return whether the faulty answer is wrong."""

    def columns(self, golden: Outputs, faulty: Outputs) -> dict[str, MetricValue]:
        """Return what the records keep of the comparison; always the same keys.

        Keys that begin with ``golden_`` depend on the golden outputs only.
        """
