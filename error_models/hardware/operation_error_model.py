"""Defines the base class of error models that read an operation."""

from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Self

import numpy as np

from onnxfi.error_models.configuration_keys import to_dict
from onnxfi.error_models.converted_fields import convert_fields
from onnxfi.error_models.error_model import TargetInfo
from onnxfi.error_models.hardware.operation import Operation
from onnxfi.error_models.hardware.operators import check_operator


@dataclass(frozen=True, slots=True)
class OperationErrorModel:
    """Holds the operation of one golden run, which ``sample`` computes with.

    A subclass is a frozen dataclass with a ``name``, an ``alike_in_all_targets`` and a method
    ``sample``: an ``OperationReader``.
    """

    name: ClassVar[str]

    _operation: Operation | None = field(init=False, repr=False, compare=False, default=None)

    def to_dict(self) -> dict[str, Any]:
        """Return ``{"name": ..., "configuration": {...}}``, from which ``load`` rebuilds it."""
        return to_dict(self)

    def prepare(self, target: TargetInfo, golden: np.ndarray | None) -> Self:
        """Return the same error model, if the target is the output of a supported operator.

        Raises:
            ErrorModelError: it is not.
        """
        check_operator(self.name, target)
        return self

    def with_operation(self, operation: Operation) -> Self:
        """Return the error model that draws faults of an operation."""
        ready = replace(self)
        convert_fields(ready, _operation=operation)
        return ready
