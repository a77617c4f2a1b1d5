"""FunctionMetric: gives a function the form of a metric."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from onnxfi.injector.metrics.metric import ColumnType, MetricValue, Outputs


@dataclass(frozen=True, slots=True)
class FunctionMetric:
    """Asks a function whether an answer is wrong; `OwnMetric` checks what it returns.

    Attributes:
        function: takes the golden and the faulty outputs, and returns whether the answer is wrong,
            or a mapping that holds this under ``wrong``, and the columns. An attribute
            ``column_types`` of the function tells the types of the columns: bool, int or float.
        name: what messages call it.
    """

    function: Callable[[Outputs, Outputs], bool | Mapping[str, MetricValue]]
    name: str

    @property
    def column_types(self) -> Mapping[str, ColumnType]:
        """What the function says of its columns."""
        return getattr(self.function, "column_types", {})

    def is_wrong(self, golden: Outputs, faulty: Outputs) -> Any:
        """Return what the function says; its whole answer where that lacks the key ``wrong``."""
        found = self.function(golden, faulty)
        return found.get("wrong", found) if isinstance(found, Mapping) else found

    def columns(self, golden: Outputs, faulty: Outputs) -> dict[str, Any]:
        """Return the columns besides ``wrong``."""
        found = self.function(golden, faulty)
        if not isinstance(found, Mapping):
            return {}
        return {name: value for name, value in found.items() if name != "wrong"}
