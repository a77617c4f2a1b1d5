"""Describes a Keras model as a graph of layer calls, independent of its dialect."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from onnxfi.converters.keras_files.call_arguments import TensorReference
from onnxfi.converters.keras_files.values import leaves

MODEL_CLASSES = ("Functional", "Model", "Sequential")
"""Classes of models, which may stand among the layers of another model."""


@dataclass(frozen=True, slots=True)
class KerasLayer:
    """A layer of a model.

    Attributes:
        name: unique in its model.
        layer_class: class name, such as ``Conv2D``; ``ops.Add`` for an operation of Keras 3.
        options: its ``config``.
        model: the layers inside, if it is a nested model.
        inner: the layers that it calls, if it is a wrapper.
    """

    name: str
    layer_class: str
    options: Mapping[str, Any]
    model: "KerasModel | None" = None
    inner: "tuple[KerasLayer, ...]" = ()

    @property
    def parts(self) -> "tuple[KerasLayer, ...]":
        """The layers inside, of a nested model or of a wrapper."""
        return self.inner if self.model is None else self.model.layers


@dataclass(frozen=True, slots=True)
class KerasCall:
    """Call number `number` of a layer.

    Attributes:
        layer: the layer.
        number: number of earlier calls of the layer in its model.
        arguments: the positional arguments: tensors as references, constants, and lists of both.
        keywords: the keyword arguments, in the same form, without null and false ones.
    """

    layer: KerasLayer
    number: int
    arguments: tuple[Any, ...]
    keywords: Mapping[str, Any] = field(default_factory=dict)

    def references(self) -> Iterator[TensorReference]:
        """Yield the tensors among the arguments."""
        return leaves((self.arguments, self.keywords), TensorReference)


@dataclass(frozen=True, slots=True)
class KerasInput:
    """An input of a model; `shape` has the batch first, and is None if the file has none."""

    name: str
    shape: tuple[int | None, ...] | None
    options: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class KerasModel:
    """A Sequential or Functional model.

    Attributes:
        name: name of the model.
        inputs: in the order in which the model takes them.
        layers: in the order of the file, without the inputs.
        calls: in an order in which they can run.
        outputs: in the order in which the model returns them.
    """

    name: str
    inputs: tuple[KerasInput, ...]
    layers: tuple[KerasLayer, ...]
    calls: tuple[KerasCall, ...]
    outputs: tuple[TensorReference, ...]
