"""Defines the input and the result of a layer's translation."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from onnxfi.converters.keras_files.values import is_whole, leaves
from onnxfi.converters.options.refusals import shown, unsupported
from onnxfi.converters.translation.graph_builder import GraphBuilder
from onnxfi.converters.translation.tensor import Tensor
from onnxfi.errors import ModelFormatError, UnsupportedLayerError

_MOST_LISTED = 2**16


@dataclass(frozen=True, slots=True)
class WeightRole:
    """One weight that a layer owns.

    Attributes:
        name: such as ``kernel``.
        trainable: whether training changes it; Keras stores the others last.
    """

    name: str
    trainable: bool = True


@dataclass(frozen=True, slots=True)
class Options:
    """The configuration of one layer, read with a check of every value.

    Attributes:
        path: path of the layer, for messages.
        layer_class: class name of the layer.
        values: the layer's ``config`` in the file.
        keras_major: 2 or 3; defaults differ.
    """

    path: str
    layer_class: str
    values: Mapping[str, Any]
    keras_major: int

    def get(self, key: str, default: Any = None) -> Any:
        """Return an option, or `default` if it is absent or null."""
        value = self.values.get(key)
        return default if value is None else value

    def flag(self, key: str, default: bool) -> bool:
        """Return an option that is true or false, also as a number; null is false."""
        return self.truth(key, self.values.get(key, default))

    def truth(self, key: str, value: Any) -> bool:
        """Return an option or an argument as true or false, as Keras reads it."""
        if value is not None and not isinstance(value, bool | int | float):
            raise self.wrong(key, value, "true or false")
        return bool(value)

    def integer(self, key: str, default: int | None = None) -> int:
        """Return an option that is a whole number, possibly in a list of one; null is none."""
        value = self.values.get(key, default)
        if isinstance(value, list) and len(value) == 1:
            value = value[0]
        if not is_whole(value):
            raise self.wrong(key, value, "a whole number")
        return int(value)

    def size(self, key: str, default: int | None = None) -> int:
        """Return an option that counts something: a whole number from 1 on."""
        value = self.integer(key, default)
        if value < 1:
            raise self.wrong(key, value, "1 or more")
        return value

    def number(self, key: str, default: float | None = None) -> float | None:
        """Return an option that is a number, possibly in a list of one."""
        value = self.get(key, default)
        if value is None:
            return None
        if isinstance(value, list) and len(value) == 1:
            value = value[0]
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise self.wrong(key, value, "a number")
        return float(value)

    def choice(self, key: str, default: str, *allowed: str) -> str:
        """Return an option that is one of a few words; other words are unsupported."""
        value = self.get(key, default)
        if not isinstance(value, str):
            raise self.wrong(key, value, " or ".join(map(repr, allowed)))
        if value not in allowed:
            choices = " or ".join(map(repr, allowed))
            raise self.unsupported(f"has {key}={shown(value)}, not {choices}")
        return value

    def per_axis(
        self, key: str, axes: int, default: Any = None, *, smallest: int = 1
    ) -> tuple[int, ...]:
        """Return an option that is one whole number for all axes, or a list of one for each."""
        value = self.get(key, default)
        numbers = value if isinstance(value, list | tuple) else [value] * axes
        if len(numbers) == axes and all(is_whole(x) and x >= smallest for x in numbers):
            return tuple(numbers)
        raise self.wrong(key, value, f"a whole number or a list of {axes}, from {smallest} on")

    def margins(self, key: str, axes: int) -> tuple[tuple[int, int], ...]:
        """Return (start, end) of each axis, from one number, one for each axis, or pairs."""
        value = self.get(key)
        if axes == 1 and isinstance(value, list) and len(value) == 2:
            value = [value]
        if isinstance(value, list) and all(isinstance(x, list) for x in value):
            pairs = [x for x in value if len(x) == 2 and all(is_whole(y) and y >= 0 for y in x)]
            if len(pairs) == len(value) == axes:
                return tuple((start, end) for start, end in pairs)
            raise self.wrong(key, value, f"pairs of whole numbers from 0 on, for {axes} axes")
        return tuple((size, size) for size in self.per_axis(key, axes, smallest=0))

    def require_small(self, count: int, what: str) -> None:
        """Refuse a layer that needs more list entries in the graph than any real layer."""
        if count > _MOST_LISTED:
            raise self.unsupported(f"needs {count} {what}")

    def unsupported(self, reason: str) -> UnsupportedLayerError:
        """Return the error for a layer that the native route does not translate."""
        return unsupported(self.path, self.layer_class, reason)

    def wrong(self, key: str, value: object, rule: str) -> ModelFormatError:
        """Return the error for an option with a value that its layer cannot have."""
        return ModelFormatError(
            f"Option {key!r} of layer {self.path!r} ({self.layer_class}) must be {rule}, "
            f"got {shown(value)}. Build the model with such a value and save it again."
        )


@dataclass(frozen=True, slots=True)
class LayerCall:
    """One call of one layer, to be translated.

    Attributes:
        options: the layer's configuration.
        weights: weight arrays by role.
        weights_path: path of the layer without the number of the call; all calls share weights,
            which are named after it.
        arguments: the positional arguments: tensors, constants, and lists of both.
        keywords: the keyword arguments, in the same form, without the Keras mask.
        mask_of: returns the Keras mask of a tensor, bool and usually (batch, time); None if it
            has none.
        explicit_mask: whether the call passes its Keras mask as an argument.
        run_inner: calls one of the layers that this layer wraps.
    """

    options: Options
    weights: Mapping[str, NDArray[np.float32]]
    weights_path: str
    arguments: tuple[Any, ...]
    keywords: Mapping[str, Any]
    mask_of: Callable[[Tensor], Tensor | None]
    explicit_mask: bool
    run_inner: "RunInner"

    @property
    def inputs(self) -> tuple[Tensor, ...]:
        """The tensors among the positional arguments."""
        return tuple(leaves(self.arguments, Tensor))

    @property
    def input(self) -> Tensor:
        """The only input tensor.

        Raises:
            ModelFormatError: the layer is called on several tensors, or on none.
        """
        if len(self.inputs) != 1:
            raise self.wrong_inputs(f"one tensor, got {len(self.inputs)}")
        return self.inputs[0]

    @property
    def axes(self) -> int:
        """Number of axes between batch and channels, which the class states: 2 in Conv2D."""
        return next(int(x) for x in self.options.layer_class if x.isdigit())

    def image(self) -> Tensor:
        """The only input tensor, (batch, rows, columns, channels) where there are two axes.

        Raises:
            ModelFormatError: it has another number of axes than the class states.
        """
        rank = self.axes + 2
        if self.input.rank != rank:
            raise self.wrong_inputs(f"a tensor of rank {rank}, got shape {self.input.shape}")
        return self.input

    def first_input(self, *, rank: int) -> Tensor:
        """The first input tensor, which must be of a rank."""
        if not self.inputs or self.inputs[0].rank != rank:
            shapes = [tensor.shape for tensor in self.inputs]
            raise self.wrong_inputs(f"a tensor of rank {rank}, got the shapes {shapes}")
        return self.inputs[0]

    def channels(self) -> int:
        """Size of the last axis of the only input tensor, which must be known."""
        return self.features(self.input)

    def features(self, tensor: Tensor) -> int:
        """Size of the last axis of a tensor, which must be known."""
        size = tensor.shape[-1]
        if size is None:
            raise self.options.unsupported("has an input with an unknown number of channels")
        return size

    def asks(self, key: str) -> bool:
        """Return whether the call passes a keyword argument that is true, also as a number."""
        return self.options.truth(key, self.keywords.get(key))

    def wrong_inputs(self, rule: str) -> UnsupportedLayerError:
        """Return the error for a call on tensors that the translation does not support."""
        return self.options.unsupported(f"must get {rule}")

    def weight(self, role: str, shape: tuple[int, ...]) -> NDArray[np.float32]:
        """Return a weight in the layout of Keras.

        Raises:
            ModelFormatError: its shape is not `shape`, which the configuration implies.
        """
        value = self.weights[role]
        if value.shape != shape:
            raise ModelFormatError(
                f"Weight {role!r} of layer {self.options.path!r} ({self.options.layer_class}) must "
                f"have the shape {shape} that the configuration implies, got {value.shape}. "
                "The weights belong to another architecture, or the file is damaged."
            )
        return value


@dataclass(frozen=True, slots=True)
class LayerResult:
    """The result of a translation.

    Attributes:
        tensor: the layer's output, or the first of several.
        operator: the tensor before the built-in activation; None without an activation.
        others: the layer's further outputs.
        masks: the Keras mask of each output; None if the mask rule of the layer decides.
    """

    tensor: Tensor
    operator: Tensor | None = None
    others: tuple[Tensor, ...] = ()
    masks: tuple[Tensor | None, ...] | None = None


class RunInner(Protocol):
    """Calls a wrapped layer, as a layer of its own in the graph and in the layer map."""

    def __call__(
        self, index: int, inputs: Sequence[Tensor], mask: Tensor | None = None
    ) -> tuple[Tensor, ...]:
        """Return the outputs of the inner layer number `index`, on tensors and a Keras mask."""
        ...


Translation = Callable[[LayerCall, GraphBuilder], LayerResult]
WeightRoles = Callable[[Options], tuple[WeightRole, ...]]
