"""Records the calls of layers while a Keras model runs, traced or eagerly.

The classes of Keras are patched inside a `with` block, in the child process only.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class CalledLayer:
    """One output of one call of a layer.

    Attributes:
        path: as in the layer map: ``backbone/c1``, second call ``c1@1``, second output ``c1:1``.
        layer_class: class of the layer.
        output: the tensor that it returned.
        operator: the tensor that its built-in activation read; None without one.
        channel_axis: axis of the channels in `output`; None where there are none.
    """

    path: str
    layer_class: str
    output: Any
    operator: Any
    channel_axis: int | None


class LayerTrace:
    """The layer calls of one run of a model, in the order in which they end.

    Calls inside the loop of a recurrent layer are not recorded: they have no tensor of their own.

    Attributes:
        calls: the outputs of the calls.
    """

    def __init__(self, keras: Any, is_tensor: Callable[[Any], bool]) -> None:
        """Prepare for models of keras or tf_keras; `is_tensor` decides what can be recorded."""
        self.calls: list[CalledLayer] = []
        self._keras = keras
        self._is_tensor = is_tensor
        self._stack: list[Any] = []
        self._counts: Counter[str] = Counter()

    @contextmanager
    def recording(self) -> Iterator[None]:
        """Record all calls inside the block; it may be entered again, and starts anew."""
        self.calls.clear()
        self._counts.clear()
        self._stack.clear()
        classes = [self._keras.layers.Layer]
        if hasattr(self._keras, "Operation"):
            classes.append(self._keras.Operation)  # of Keras 3: a function between two layers
        originals = [(x, x.__call__) for x in classes]
        for changed, original in originals:
            changed.__call__ = self._recorded(original, changed is not classes[0])
        try:
            yield
        finally:
            for changed, original in originals:
                changed.__call__ = original

    def _recorded(self, original: Any, is_operation: bool) -> Any:
        def call(layer: Any, *arguments: Any, **keywords: Any) -> Any:
            if not self._is_addressable(layer, is_operation):
                return original(layer, *arguments, **keywords)
            self._stack.append(layer)
            try:
                with self._activation_of(layer) as operators:
                    outcome = original(layer, *arguments, **keywords)
            finally:
                self._stack.pop()
            self._record(layer, outcome, operators)
            return outcome

        return call

    def _is_addressable(self, layer: Any, is_operation: bool) -> bool:
        if any(isinstance(outer, self._keras.layers.RNN) for outer in self._stack):
            return False
        if not is_operation:
            return True
        # A layer's own __call__ goes on to that of Operation; so do operations inside layers.
        return (
            not isinstance(layer, self._keras.layers.Layer)
            and bool(self._stack)
            and hasattr(self._stack[-1], "operations")
        )

    @contextmanager
    def _activation_of(self, layer: Any) -> Iterator[list[Any]]:
        """Return the list that collects the tensors that the layer's activation reads."""
        operators: list[Any] = []
        activation = getattr(layer, "activation", None)
        kinds = self._keras.layers
        if (
            not callable(activation)
            or getattr(activation, "__name__", "linear") == "linear"
            or isinstance(layer, kinds.Activation | kinds.RNN)
        ):
            yield operators
            return

        def recorded(tensor: Any, *arguments: Any, **keywords: Any) -> Any:
            operators.append(tensor)
            return activation(tensor, *arguments, **keywords)

        layer.activation = recorded
        try:
            yield operators
        finally:
            layer.activation = activation

    def _record(self, layer: Any, outcome: Any, operators: list[Any]) -> None:
        path = "/".join(x.name for x in (*self._stack, layer)[1:])
        if not path:  # the model itself
            return
        number = self._counts[path]
        self._counts[path] += 1
        path = f"{path}@{number}" if number else path
        in_attention = any("MultiHead" in type(x).__name__ for x in self._stack)
        operator = operators[0] if len(operators) == 1 else None
        for i, output in enumerate(flat(outcome)):
            if not self._is_tensor(output):
                continue
            rank = len(output.shape)
            channel_axis = None
            if rank > 2 and not (in_attention and rank > 3):  # heads are not channels
                first = getattr(layer, "data_format", None) == "channels_first"
                channel_axis = 1 if first else rank - 1
            self.calls.append(
                CalledLayer(
                    f"{path}:{i}" if i else path,
                    type(layer).__name__,
                    output,
                    operator if i == 0 and operator is not None else None,
                    channel_axis,
                )
            )


def flat(value: Any) -> Iterator[Any]:
    """Yield the tensors of nested lists, tuples and dictionaries, in order."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        for item in value:
            yield from flat(item)
    else:
        yield value
