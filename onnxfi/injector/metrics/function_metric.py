"""FunctionMetric: a function of yours as a metric."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from onnxfi.errors import ConfigurationError
from onnxfi.injector.metrics.metric import ColumnType, MetricValue, Outputs


@dataclass(frozen=True, slots=True)
class FunctionMetric:
    """Asks a function whether an answer is wrong.

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

    def is_wrong(self, golden: Outputs, faulty: Outputs) -> bool:
        """Return what the function says."""
        found = self.function(golden, faulty)
        if not isinstance(found, Mapping):
            return bool(found)
        if "wrong" not in found:
            raise ConfigurationError(
                f"The metric {self.name} must return true or false, or a mapping with the key "
                f"'wrong', got the keys {', '.join(found) or 'none'}."
            )
        return bool(found["wrong"])

    def columns(self, golden: Outputs, faulty: Outputs) -> dict[str, MetricValue]:
        """Return the columns that the function tells the types of."""
        found = self.function(golden, faulty)
        told = found if isinstance(found, Mapping) else {}
        return {name: told.get(name) for name in self.column_types}
