"""Defines the errors that onnxfi raises on invalid input.

A message states the rule, the value got and what to do. The command line prints it unchanged and
exits with status 2.
"""

from typing import Literal


class OnnxfiError(Exception):
    """The base of every error that onnxfi raises on invalid input."""


class ModelFormatError(OnnxfiError, ValueError):
    """A model file is missing, or holds no valid model of the expected kind."""


class UnsupportedLayerError(ModelFormatError):
    """A conversion route has no translation for a layer.

    Attributes:
        layer: path of the layer in its model, such as ``backbone/attention``.
        layer_class: class name of the layer, such as ``MultiHeadAttention``.
    """

    def __init__(self, message: str, *, layer: str, layer_class: str) -> None:
        """Keep the layer's path and class beside the message."""
        super().__init__(message)
        self.layer = layer
        self.layer_class = layer_class


class ConversionMismatchError(OnnxfiError, ArithmeticError):
    """A converted model and its source framework give different outputs."""


class TargetNotFoundError(OnnxfiError, LookupError):
    """No tensor, layer or node of the model has the given name."""


class InputError(OnnxfiError, ValueError):
    """Input tensors do not fit the model: a name, a shape or a dtype is wrong."""


class LimitError(InputError):
    """A faulty execution exceeded its limit of time or of memory.

    Attributes:
        reason: the limit that it exceeded.
    """

    def __init__(self, message: str, *, reason: Literal["timeout", "memory"]) -> None:
        """Keep the reason beside the message."""
        super().__init__(message)
        self.reason: Literal["timeout", "memory"] = reason


class ProviderError(OnnxfiError, RuntimeError):
    """The given execution provider cannot run on this machine."""


class OutOfMemoryError(OnnxfiError, MemoryError):
    """An execution needs more memory than this machine has, whatever the fault."""


class ErrorModelError(OnnxfiError, ValueError):
    """An error model is unknown, its configuration is wrong, or a user's error model fails.

    Attributes:
        faults: numbers of the faults that a user's error model was drawing.
    """

    faults: range | None = None


class ConfigurationError(OnnxfiError, ValueError):
    """A campaign configuration, or a run directory, is wrong."""


class MetricError(OnnxfiError, RuntimeError):
    """A user's metric fails, or returns an invalid answer.

    Attributes:
        faulty: the faulty outputs that the metric got; they identify the injection.
    """

    faulty: object = None


class ExactnessError(OnnxfiError, ArithmeticError):
    """The golden outputs of a split differ from the outputs of the whole model."""


class MissingExtraError(OnnxfiError, ImportError):
    """A feature needs an optional extra that is not installed."""
