"""Describes how a function of TensorFlow becomes an operation that converts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Function:
    """The operation that computes a TensorFlow function.

    Attributes:
        operation: class of the operation.
        operands: names of the arguments that it is called on, in order.
        options: the other arguments, by name, to options of the operation.
        fixed: further options of the operation.
    """

    operation: str
    operands: tuple[str, ...] = ("x",)
    options: Mapping[str, str] = field(default_factory=dict)
    fixed: Mapping[str, Any] = field(default_factory=dict)
