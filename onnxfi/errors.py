"""The errors that onnxfi raises on purpose: all of them are the user's input at fault.

A message states the rule, the value got and what to do. The command line prints it as it is and
exits with status 2.
"""

from typing import Literal


class OnnxfiError(Exception):
    """Base of every error that onnxfi raises on purpose."""


class ModelFormatError(OnnxfiError, ValueError):
    """A file is missing, or is not the kind of model that it should be."""


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
    """A converted model gives other outputs than its source framework."""


class TargetNotFoundError(OnnxfiError, LookupError):
    """No tensor, layer or node of the model has the name asked for."""


class InputError(OnnxfiError, ValueError):
    """Input tensors do not fit the model: a name, a shape or a dtype is wrong."""


class LimitError(InputError):
    """A faulty execution outran its time, or asked for more memory than it may take.

    Attributes:
        reason: which of the two.
    """

    def __init__(self, message: str, *, reason: Literal["timeout", "memory"]) -> None:
        """Keep the reason beside the message."""
        super().__init__(message)
        self.reason: Literal["timeout", "memory"] = reason


class ProviderError(OnnxfiError, RuntimeError):
    """The execution provider asked for cannot run on this machine."""


class ErrorModelError(OnnxfiError, ValueError):
    """An error model is unknown, or its configuration is wrong."""


class ConfigurationError(OnnxfiError, ValueError):
    """A campaign configuration, or a run directory, is wrong."""


class MetricError(OnnxfiError, RuntimeError):
    """A metric of the user's fails, or returns something else than it must.

    Attributes:
        faulty: the faulty outputs that the metric was asked about, until the injection is named.
    """

    faulty: object = None


class ExactnessError(OnnxfiError, ArithmeticError):
    """The golden outputs behind a target are not those of the whole model."""


class MissingExtraError(OnnxfiError, ImportError):
    """A feature needs an optional extra that is not installed."""
