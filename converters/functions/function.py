"""Describes how a function of TensorFlow becomes an operation that converts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Function:
    """How a function of TensorFlow is an operation of Keras 3.

    Attributes:
        operation: class of the operation.
        operands: names of the arguments that it is called on, in order.
        options: what the operation calls the other arguments.
        fixed: further options of the operation.
    """

    operation: str
    operands: tuple[str, ...] = ("x",)
    options: Mapping[str, str] = field(default_factory=dict)
    fixed: Mapping[str, Any] = field(default_factory=dict)
