"""Records the results of each layer of a Keras model, and of runs with one replaced.

Works with Keras 3 and tf_keras, on a model that runs eagerly. The paths are those of the layer
map: ``backbone/c1`` inside a nested model, ``bi/forward_lstm`` inside a Bidirectional,
``attention/query`` inside a MultiHeadAttention, ``c@1`` for the second call, ``lstm:1`` for the
second output.
"""

import importlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import tensorflow as tf

Change = Callable[[np.ndarray], np.ndarray]
Watch = Callable[[Any, tuple[Any, ...], Mapping[str, Any], Any, int], Any]

_ATTENTION = {
    "query": "_query_dense",
    "key": "_key_dense",
    "gate": "_gate_dense",
    "value": "_value_dense",
    "softmax": "_softmax",
    "attention_output": "_output_dense",
}


def run_watched(
    k: Any, model: Any, inputs: list[Any], changes: Mapping[str, Change] | None = None
) -> tuple[list[np.ndarray], dict[str, np.ndarray]]:
    """Run a model on one array for each of its inputs.

    Args:
        k: the Keras that made the model.
        model: the model.
        inputs: the arrays.
        changes: by path, what becomes of an output of a layer before the others read it.

    Returns:
        The outputs of the model; and by path what each layer returned, before any change.
    """
    names = dict(_names(model, ""))
    seen: dict[str, np.ndarray] = {}
    again: Counter[str] = Counter()
    # tf_keras runs what a TimeDistributed wraps a second time, for its mask; Keras 3 runs it step
    # by step, so it is run on all steps at once afterwards.
    once = [f"{path}/" for layer, path in names.values() if _is_time_distributed(layer)]

    def watch(
        layer: Any,
        arguments: tuple[Any, ...],
        keywords: Mapping[str, Any],
        result: Any,
        number: int,
    ) -> Any:
        if id(layer) not in names:
            return result
        path = names[id(layer)][1]
        if path.startswith(tuple(once)):
            again[f"{path}@{number}"] += 1
            if again[f"{path}@{number}"] > 1 and k.__name__ != "keras":
                return result
        if _is_time_distributed(layer) and k.__name__ == "keras":
            _call_inside(layer, arguments[0], keywords.get("mask"))
        path = f"{path}@{number}" if number else path
        values = flat(result)
        for i, value in enumerate(values):
            name = f"{path}:{i}" if i else path
            seen[name] = np.asarray(value)
            if changes and name in changes:
                changed = tf.convert_to_tensor(changes[name](seen[name].copy()))
                changed._keras_mask = getattr(value, "_keras_mask", None)  # noqa: SLF001
                result = changed if value is result else _replaced(result, i, changed)
        return result

    with _watching(k, model, watch):
        result = model(inputs if len(inputs) > 1 else inputs[0], training=False)
    return [np.asarray(value) for value in flat(result)], seen


def flat(value: Any) -> list[Any]:
    """Return nested lists and tuples of tensors as one list."""
    if isinstance(value, list | tuple):
        return [item for inside in value for item in flat(inside)]
    return [value]


def _replaced(values: Any, index: int, value: Any) -> Any:
    changed = [*values[:index], value, *values[index + 1 :]]
    return type(values)(*changed) if hasattr(values, "_fields") else type(values)(changed)


def _is_time_distributed(layer: Any) -> bool:
    return type(layer).__name__ == "TimeDistributed"


def _call_inside(layer: Any, sequence: Any, mask: Any) -> None:
    """Call what a TimeDistributed wraps on all steps at once."""

    def merged(tensor: Any) -> Any:
        value = np.asarray(tensor)
        return tf.convert_to_tensor(value.reshape(-1, *value.shape[2:]))

    masked = mask is not None and layer.layer._call_has_mask_arg  # noqa: SLF001
    layer.layer(merged(sequence), **({"mask": merged(mask)} if masked else {}))


def _names(model: Any, prefix: str) -> Iterator[tuple[int, tuple[Any, str]]]:
    """Yield every layer inside a model and its path, by its identity."""
    for layer in getattr(model, "operations", None) or model.layers:
        yield from _names_inside(layer, f"{prefix}{layer.name}")


def _names_inside(layer: Any, path: str) -> Iterator[tuple[int, tuple[Any, str]]]:
    kind = type(layer).__name__
    if hasattr(layer, "layers"):
        yield id(layer), (layer, path)
        yield from _names(layer, f"{path}/")
    elif kind != "InputLayer":
        yield id(layer), (layer, path)
    if kind in ("SpectralNormalization", "TimeDistributed"):
        yield from _names_inside(layer.layer, f"{path}/{layer.layer.name}")
    elif kind == "Bidirectional":
        for inner in (layer.forward_layer, layer.backward_layer):
            yield from _names_inside(inner, f"{path}/{inner.name}")
    elif kind in ("MultiHeadAttention", "GroupedQueryAttention"):
        for name, attribute in _ATTENTION.items():
            inner = getattr(layer, attribute, None)
            if inner is not None:
                yield id(inner), (inner, f"{path}/{name}")


def _nodes(model: Any) -> Iterator[tuple[int, int, int]]:
    """Yield (identity, number, count) for each call of a layer in a model or inside of it.

    The number is that among the `count` calls of the layer in its model. The identity is that of
    what Keras asks for the arguments right before the call.
    """
    functional = getattr(model, "_functional", None) or model  # inside a Sequential of Keras 3
    by_depth = getattr(functional, "_nodes_by_depth", {})
    inside = {id(node) for group in by_depth.values() for node in group}
    for layer in model.layers:
        own = [node for node in layer._inbound_nodes if id(node) in inside]  # noqa: SLF001
        for number, node in enumerate(own):
            yield id(getattr(node, "arguments", node)), number, len(own)
    for inner in model._flatten_layers(include_self=False):  # noqa: SLF001
        if hasattr(inner, "layers"):
            yield from _nodes(inner)


@contextmanager
def _watching(k: Any, model: Any, watch: Watch) -> Iterator[None]:
    """Show every call of a layer to `watch`, with its number.

    A layer that its model calls several times has the numbers of its nodes, whatever the order in
    which they run; every run of the model goes on counting. What a wrapper calls has the number
    of the wrapper's call.
    """
    base = k.Operation if k.__name__ == "keras" else k.layers.Layer
    asked, method = _asked_for_arguments(k)
    original, original_asked = base.__call__, getattr(asked, method)
    numbers = {identity: place for identity, *place in _nodes(model)}
    runs = [0]
    place = [0, 1]

    def ask(self: Any, *arguments: Any) -> Any:
        result = original_asked(self, *arguments)
        place[:] = numbers.get(id(self), (0, 1))
        return result

    def call(self: Any, *arguments: Any, **keywords: Any) -> Any:
        number, count = place
        place[:] = 0, 1
        runs.append(runs[-1] * count + number)
        result = original(self, *arguments, **keywords)
        return watch(self, arguments, keywords, result, runs.pop())

    base.__call__ = call
    setattr(asked, method, ask)
    try:
        yield
    finally:
        base.__call__ = original
        setattr(asked, method, original_asked)


def _asked_for_arguments(k: Any) -> tuple[Any, str]:
    """Return the class and the method that Keras asks for the arguments of a node."""
    if k.__name__ == "keras":
        module = importlib.import_module("keras.src.ops.symbolic_arguments")
        return module.SymbolicArguments, "fill_in"
    return importlib.import_module("tf_keras.src.engine.node").Node, "map_arguments"
