"""Compares numbers within a tolerance."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from pydantic import Field

from onnxfi.error_models.values import to_float64
from onnxfi.injector.metrics.answers import pick_tensor
from onnxfi.injector.metrics.metric import ColumnType, MetricValue, Outputs

_COLUMNS: Mapping[str, ColumnType] = {
    "max_absolute_error": float,
    "mean_absolute_error": float,
    "max_relative_error": float,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Regression:
    """The answer is numbers; it is wrong if any is off by more than absolute + relative |golden|.

    Equal numbers have no error, also if both are infinite or both are NaN. Otherwise the error of a
    number that is not finite is infinite. Answers of another shape than the golden one are wrong.

    The columns, over all elements: ``max_absolute_error``, ``mean_absolute_error``, and
    ``max_relative_error``, as a share of the golden value (infinite if that is 0). They are None if
    the shapes differ.

    Attributes:
        output: the output that holds the numbers; None means the first output.
        absolute: the absolute tolerance, at least 0.
        relative: the tolerance on top of it, as a share of the golden value, at least 0.
    """

    output: str | None = None
    absolute: Annotated[float, Field(ge=0)] = 0.0
    relative: Annotated[float, Field(ge=0)] = 0.01

    @property
    def column_types(self) -> Mapping[str, ColumnType]:
        """The columns that the class describes."""
        return _COLUMNS

    def is_wrong(self, golden: Outputs, faulty: Outputs) -> bool:
        """Return whether any number exceeds the tolerance."""
        found = self._errors(golden, faulty)
        if found is None:
            return True
        before, error = found
        return bool(np.any(error > self.absolute + self.relative * np.abs(before)))

    def columns(self, golden: Outputs, faulty: Outputs) -> dict[str, MetricValue]:
        """Return the columns that the class describes."""
        found = self._errors(golden, faulty)
        if found is None:
            return dict.fromkeys(_COLUMNS)
        before, error = found
        if not error.size:
            return dict.fromkeys(_COLUMNS, 0.0)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            relative = np.where(error == 0, 0.0, error / np.abs(before))
        return {
            "max_absolute_error": float(error.max()),
            "mean_absolute_error": float(error.mean()),
            # A golden value that is not finite has no relative error: count it as infinite.
            "max_relative_error": float(np.where(np.isnan(relative), np.inf, relative).max()),
        }

    def _errors(self, golden: Outputs, faulty: Outputs) -> tuple[np.ndarray, np.ndarray] | None:
        """Return the golden numbers, 0 where not finite, and the absolute errors."""
        before = to_float64(pick_tensor(golden, self.output))
        after = to_float64(pick_tensor(faulty, self.output))
        if before.shape != after.shape:
            return None
        same = (before == after) | (np.isnan(before) & np.isnan(after))
        with np.errstate(invalid="ignore", over="ignore"):
            error = np.abs(after - before)
        error = np.where(same, 0.0, np.where(np.isnan(error), np.inf, error))
        return np.where(np.isfinite(before), before, 0.0), error
