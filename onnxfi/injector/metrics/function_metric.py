"""Adapts a function to the metric protocol."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from onnxfi.injector.metrics.metric import ColumnType, MetricValue, Outputs


@dataclass(frozen=True, slots=True)
class FunctionMetric:
    """Calls a function to compare outputs; `OwnMetric` checks what it returns.

    Attributes:
        function: takes the golden and the faulty outputs, and returns whether the answer is wrong,
            or a mapping with that value under ``wrong``, and the columns. An attribute
            ``column_types`` of the function gives the types of the columns: bool, int or float.
        name: the metric's name in messages.
    """

    function: Callable[[Outputs, Outputs], bool | Mapping[str, MetricValue]]
    name: str

    @property
    def column_types(self) -> Mapping[str, ColumnType]:
        """The columns that the function declares."""
        return getattr(self.function, "column_types", {})

    def is_wrong(self, golden: Outputs, faulty: Outputs) -> Any:
        """Return the function's verdict, or its whole result if that lacks the key ``wrong``."""
        found = self.function(golden, faulty)
        return found.get("wrong", found) if isinstance(found, Mapping) else found

    def columns(self, golden: Outputs, faulty: Outputs) -> dict[str, Any]:
        """Return the columns besides ``wrong``."""
        found = self.function(golden, faulty)
        if not isinstance(found, Mapping):
            return {}
        return {name: value for name, value in found.items() if name != "wrong"}
