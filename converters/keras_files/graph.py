"""Parses the configuration of a Keras model, in either dialect, into a graph of layer calls.

Both dialects number the calls of a layer. A nested model starts at 1 if its own construction
counted as call 0. In the parsed graph every layer starts at 0.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from heapq import heappop, heappush
from typing import Any

from onnxfi.converters.keras_files.call_arguments import (
    TensorReference,
    damaged,
    node_arguments,
    tensor_reference,
)
from onnxfi.converters.keras_files.model import (
    MODEL_CLASSES,
    KerasCall,
    KerasInput,
    KerasLayer,
    KerasModel,
)
from onnxfi.converters.keras_files.values import is_whole, map_leaves
from onnxfi.converters.keras_files.wrappers import inner_layers
from onnxfi.converters.options.refusals import class_of, user_code
from onnxfi.errors import ModelFormatError

_DEEPEST_NESTING = 20
# Exported names of classes, which archives hold, to the names of the classes.
_EXPORTED = {"GroupQueryAttention": "GroupedQueryAttention"}
# Layers that Keras 3 stores without the option trainable, like operations.
_UNTRAINED = ("SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D")


def parse_model(configuration: Mapping[str, Any], path: str = "") -> KerasModel:
    """Return the graph of a ``{"class_name": …, "config": …}``.

    Args:
        configuration: a Sequential, Functional or Model configuration of Keras 2 or Keras 3.
        path: path of the model inside the outermost one, for messages.

    Raises:
        ModelFormatError: the configuration is damaged.
        UnsupportedLayerError: the model is of another class, or calls a layer in a way that the
            native route does not translate.
    """
    if path.count("/") > _DEEPEST_NESTING:
        raise damaged(path, f"nests more than {_DEEPEST_NESTING} models")
    layer_class = configuration.get("class_name")
    if layer_class not in MODEL_CLASSES:
        raise user_code(
            path or str(_config(configuration).get("name", "")),
            str(layer_class),
            "is not a Sequential or Functional model",
        )
    if layer_class == "Sequential":
        return _parse_sequential(configuration, path)
    return _parse_functional(configuration, path)


def _parse_sequential(configuration: Mapping[str, Any], path: str) -> KerasModel:
    config = _config(configuration)
    entries = _entries(config, path)
    first = _config(entries[0])
    if entries[0].get("class_name") == "InputLayer":
        entries = entries[1:]
        name = _name(first, path)
        options = first
    else:
        name = f"{_name(first, path)}_input"
        options = {}
    shape = _input_shape(first)
    if shape is None and isinstance(config.get("build_input_shape"), list):
        shape = _input_shape({"batch_shape": config["build_input_shape"]})
    layers = tuple(_parse_layer(entry, path) for entry in entries)
    if shape is None and layers and layers[0].model is not None:
        shape = layers[0].model.inputs[0].shape
    calls = []
    output = TensorReference(name, 0, 0)
    for layer in layers:
        calls.append(KerasCall(layer, 0, (output,)))
        output = TensorReference(layer.name, 0, 0)
    model_name = str(config.get("name") or "sequential")
    return KerasModel(
        model_name, (KerasInput(name, shape, options),), layers, tuple(calls), (output,)
    )


def _parse_functional(configuration: Mapping[str, Any], path: str) -> KerasModel:
    config = _config(configuration)
    input_order = [reference.layer for reference in _references(config, "input_layers", path)]
    outputs = _references(config, "output_layers", path)
    inputs: dict[str, KerasInput] = {}
    layers: list[KerasLayer] = []
    calls: list[KerasCall] = []
    keras_3 = False
    for entry in _entries(config, path):
        options = _config(entry)
        name = str(entry.get("name") or _name(options, path))
        if entry.get("class_name") == "InputLayer":
            inputs[name] = KerasInput(name, _input_shape(options), options)
            continue
        layer = _parse_layer(entry, path, name)
        layers.append(layer)
        nodes = entry.get("inbound_nodes") or []
        if not isinstance(nodes, list):
            raise damaged(path, f"layer {name!r} has the inbound_nodes {nodes!r}")
        for number, node in enumerate(nodes):
            keras_3 = keras_3 or isinstance(node, dict)
            where = f"{path}/{name}" if path else name
            arguments, keywords = node_arguments(node, where)
            calls.append(KerasCall(layer, number, arguments, keywords))
    missing = [name for name in input_order if name not in inputs]
    if missing:
        raise damaged(path, f"has no InputLayer {missing[0]!r}")
    if keras_3:
        outputs = _renumber_outputs(calls, outputs)
    else:
        calls, outputs = _renumber(calls, outputs)
    return KerasModel(
        str(config.get("name") or "model"),
        tuple(inputs[name] for name in input_order),
        tuple(layers),
        tuple(_in_order(calls, input_order, path)),
        tuple(outputs),
    )


def _parse_layer(entry: Mapping[str, Any], path: str, name: str | None = None) -> KerasLayer:
    config = _config(entry)
    name = name or _name(config, path)
    layer_class = class_of(entry)
    layer_class = _EXPORTED.get(layer_class, layer_class)
    if _is_operation(entry, config):
        layer_class = f"ops.{layer_class}"
    where = f"{path}/{name}" if path else name
    if layer_class not in MODEL_CLASSES:
        entries = inner_layers(where, layer_class, config)
        inner = tuple(_parse_layer(entry, where) for entry in entries)
        return KerasLayer(name, layer_class, config, inner=inner)
    return KerasLayer(name, layer_class, config, parse_model(entry, where))


def _is_operation(entry: Mapping[str, Any], config: Mapping[str, Any]) -> bool:
    """Return whether an entry is an operation of Keras 3, which a .h5 stores without its module.

    It is called as in Keras 3, and has nothing to train.
    """
    nodes = entry.get("inbound_nodes")
    called = isinstance(nodes, list) and any(isinstance(node, dict) for node in nodes)
    layer = {"layers", "trainable"} & set(config) or entry.get("class_name") in _UNTRAINED
    return called and not layer


def _renumber(
    calls: list[KerasCall], outputs: list[TensorReference]
) -> tuple[list[KerasCall], list[TensorReference]]:
    """Number the calls of every layer from 0, in a configuration of Keras 2.

    Every call that Keras writes is referenced. So the largest referenced number belongs to the
    last call, and gives the number of the first.
    """
    last = {call.layer.name: call.number for call in calls}
    shift: dict[str, int] = {}
    for reference in [*(x for call in calls for x in call.references()), *outputs]:
        if reference.layer in last:
            excess = reference.call - last[reference.layer]
            shift[reference.layer] = max(shift.get(reference.layer, 0), excess)

    def shifted(x: TensorReference) -> TensorReference:
        return replace(x, call=x.call - shift.get(x.layer, 0))

    return (
        [
            replace(
                call,
                arguments=map_leaves(call.arguments, TensorReference, shifted),
                keywords=map_leaves(call.keywords, TensorReference, shifted),
            )
            for call in calls
        ],
        [shifted(x) for x in outputs],
    )


def _renumber_outputs(
    calls: list[KerasCall], outputs: list[TensorReference]
) -> list[TensorReference]:
    """Number the calls of nested models from 0 in the list of outputs, where Keras 3 does not."""
    nested = {call.layer.name for call in calls if call.layer.layer_class == "Functional"}
    return [replace(x, call=max(x.call - (x.layer in nested), 0)) for x in outputs]


def _in_order(calls: list[KerasCall], inputs: Iterable[str], path: str) -> Iterator[KerasCall]:
    """Yield calls after those that they need, in rounds over the order of the file."""
    wanted = [{(x.layer, x.call) for x in call.references()} for call in calls]
    missing = list(map(len, wanted))
    readers: dict[tuple[str, int], list[int]] = {}
    for place, keys in enumerate(wanted):
        for key in keys:
            readers.setdefault(key, []).append(place)
    ready = [(0, place) for place, count in enumerate(missing) if not count]

    def release(key: tuple[str, int], done: tuple[int, int]) -> None:
        """Let the readers of a tensor come, earlier ones in the next round."""
        for place in readers.pop(key, ()):
            missing[place] -= 1
            if not missing[place]:
                heappush(ready, (done[0] + (place < done[1]), place))

    for name in inputs:
        release((name, 0), (0, -1))
    while ready:
        done = heappop(ready)
        call = calls[done[1]]
        yield call
        release((call.layer.name, call.number), done)
    if any(missing):
        late = [call.layer.name for call, count in zip(calls, missing, strict=True) if count]
        names = ", ".join(map(repr, late[:3]))
        raise damaged(path, f"has layers whose inputs never come: {names}")


def _references(config: Mapping[str, Any], key: str, path: str) -> list[TensorReference]:
    value = config.get(key)
    if isinstance(value, dict):
        value = list(value.values())
    if not isinstance(value, list) or not value:
        raise damaged(path, f"has the {key} {value!r}")
    entries = [value] if isinstance(value[0], str) else value
    return [tensor_reference(entry, path) for entry in entries]


def _entries(config: Mapping[str, Any], path: str) -> list[Mapping[str, Any]]:
    layers = config.get("layers")
    if not isinstance(layers, list) or not all(isinstance(x, dict) for x in layers):
        raise damaged(path, f"has the layers {str(layers)[:60]!r}")
    if not layers:
        raise ModelFormatError(
            f"A model must have layers, but model {path or 'the file holds'!r} has none. "
            "Add layers and save it again."
        )
    return layers


def _config(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the ``config`` of an entry; old Sequential models store a bare list of layers."""
    config = entry.get("config")
    if isinstance(config, list):
        return {"layers": config}
    return config if isinstance(config, dict) else {}


def _name(config: Mapping[str, Any], path: str) -> str:
    name = config.get("name")
    if not isinstance(name, str) or not name:
        raise damaged(path, f"has a layer named {name!r}")
    return name


def _input_shape(config: Mapping[str, Any]) -> tuple[int | None, ...] | None:
    shape = config.get("batch_input_shape") or config.get("batch_shape")
    if isinstance(shape, list) and all(x is None or (is_whole(x) and x >= 0) for x in shape):
        return tuple(shape)
    return None
