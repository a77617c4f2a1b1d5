"""Outlines the configuration of a model: its layers, their inputs, the shapes that it states.

Unlike `graph`, which must understand every call to convert it, this module accepts any class, any
argument and either dialect.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

Shape = tuple[int | None, ...]


@dataclass(frozen=True, slots=True)
class OutlinedLayer:
    """A layer, as its configuration states it.

    Attributes:
        path: name of the layer, nested models joined by ``/``.
        model: path of the model that contains it, ending in ``/``; ``""`` for the outermost.
        layer_class: its class; a wrapper's names the wrapped one: ``TimeDistributed(Dense)``.
        inbound: for each of its calls, the paths of the layers that it is called on.
        output_shape: batch first; None if the configuration does not state it.
        dtype: name of its dtype or dtype policy; None where it has none.
        trainable: whether training changes its weights.
        outputs: the layers that give its output, if it is a model; its layers follow.
    """

    path: str
    model: str
    layer_class: str
    inbound: tuple[tuple[str, ...], ...]
    output_shape: Shape | None
    dtype: str | None
    trainable: bool
    outputs: tuple[str, ...] = ()


def outline_layers(
    configuration: Mapping[str, Any], prefix: str = "", output_shape: Shape | None = None
) -> Iterator[OutlinedLayer]:
    """Yield the layers of a ``{"class_name": …, "config": …}``, nested models before their layers.

    Args:
        configuration: any JSON object; without layers there is nothing to yield.
        prefix: path of the model inside the outermost one, ending in ``/``.
        output_shape: shape of the model's first output, if it is stated outside the model.
    """
    entries = dict(_entries(configuration))
    inbound = {name: _inbound(entry, entries) for name, entry in entries.items()}
    if "input_layers" not in _config(configuration):  # Sequential
        names = list(entries)
        inbound = {name: ((before,),) for before, name in pairwise(names)}
    stated = _stated_shapes(entries, inbound)
    for name in model_ends(configuration, "output_layers")[:1]:
        if output_shape is not None:
            stated.setdefault(name, output_shape)
    for name, entry in entries.items():
        config = _config(entry)
        path = f"{prefix}{name}"
        outputs = tuple(f"{path}/{x}" for x in model_ends(entry, "output_layers"))
        yield OutlinedLayer(
            path,
            prefix,
            _class_of(entry),
            tuple(tuple(f"{prefix}{x}" for x in call) for call in inbound.get(name, ())),
            stated.get(name),
            _dtype_of(config),
            bool(config.get("trainable", True)),
            outputs,
        )
        if outputs:
            yield from outline_layers(entry, f"{path}/", stated.get(name))


def model_ends(configuration: Mapping[str, Any], key: str) -> tuple[str, ...]:
    """Return the names under ``input_layers`` or ``output_layers``; one end of a Sequential."""
    names = list(dict(_entries(configuration)))
    value = _config(configuration).get(key)
    if value is None:
        return tuple(names[:1] if key == "input_layers" else names[-1:])
    return tuple(_references(value, names))


def _entries(configuration: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the name and the ``{"class_name": …, "config": …}`` of each layer of a model."""
    layers = _config(configuration).get("layers")
    for entry in layers if isinstance(layers, list) else []:
        if isinstance(entry, dict):
            name = entry.get("name") or _config(entry).get("name")
            if isinstance(name, str):
                yield name, entry


def _config(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the ``config`` of an entry; old Sequential models store a bare list of layers."""
    config = entry.get("config")
    if isinstance(config, list):
        return {"layers": config}
    return config if isinstance(config, dict) else {}


def _class_of(entry: Mapping[str, Any]) -> str:
    wrapped = _config(entry).get("layer") or _config(entry).get("cell")
    name = str(entry.get("class_name"))
    return f"{name}({_class_of(wrapped)})" if isinstance(wrapped, dict) else name


def _dtype_of(config: Mapping[str, Any]) -> str | None:
    dtype = config.get("dtype")
    if isinstance(dtype, dict):  # a dtype policy
        dtype = _config(dtype).get("name")
    return dtype if isinstance(dtype, str) else None


def _inbound(entry: Mapping[str, Any], names: Mapping[str, Any]) -> tuple[tuple[str, ...], ...]:
    nodes = entry.get("inbound_nodes")
    calls = nodes if isinstance(nodes, list) else []
    return tuple(tuple(_references(node, names)) for node in calls)


def _references(value: Any, names: Any) -> Iterator[str]:
    """Yield the layers among all ``[layer, call, index, …]`` in a value, of either dialect."""
    match value:
        case [str(name), int(), int(), *more] if name in names:
            yield name
            yield from _references(more, names)
        case list():
            for item in value:
                yield from _references(item, names)
        case dict():
            for item in value.values():
                yield from _references(item, names)


def _stated_shapes(
    entries: Mapping[str, Mapping[str, Any]], inbound: Mapping[str, tuple[tuple[str, ...], ...]]
) -> dict[str, Shape]:
    """Return the output shapes that the configuration states, directly or in the next layer.

    An input states its own. In Keras 3 the tensor that a layer is called on has a shape, and since
    Keras 2.12 a layer states the shape that it was built for.
    """
    stated: dict[str, Shape] = {}
    for name, entry in entries.items():
        config = _config(entry)
        _note_shape(
            stated, name, config.get("batch_shape") or config.get("batch_input_shape"), entry
        )
        for tensor in _tensors(entry.get("inbound_nodes")):
            match tensor.get("keras_history"):
                case [str(layer), 0, 0]:
                    _note_shape(stated, layer, tensor.get("shape"))
        build = entry.get("build_config")
        if isinstance(build, dict) and len(inbound.get(name, ())) == 1:
            before = inbound[name][0]
            if len(before) == 1:
                _note_shape(stated, before[0], build.get("input_shape"))
    return stated


def _note_shape(
    stated: dict[str, Shape], layer: str, shape: Any, entry: Mapping[str, Any] | None = None
) -> None:
    # In Keras 2 the first layer of a Sequential has the shape of its input, not of its output.
    if entry is not None and entry.get("class_name") != "InputLayer":
        return
    if isinstance(shape, list) and all(x is None or type(x) is int for x in shape):
        stated.setdefault(layer, tuple(shape))


def _tensors(value: Any) -> Iterator[Mapping[str, Any]]:
    """Yield the ``config`` of each tensor of Keras 3 in a value."""
    if isinstance(value, dict) and value.get("class_name") == "__keras_tensor__":
        yield _config(value)
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _tensors(item)
