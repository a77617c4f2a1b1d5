"""Describes a Keras file without running, importing or converting it."""

import contextlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path

from onnxfi.converters.keras_files.file import KerasFile, open_keras_file
from onnxfi.converters.keras_files.graph import parse_model
from onnxfi.converters.keras_files.hdf5 import StoredWeight
from onnxfi.converters.keras_files.outline import OutlinedLayer, Shape, model_ends, outline_layers
from onnxfi.converters.keras_files.weight_layouts import NamedWeights, WeightGroup
from onnxfi.converters.native.layer_shapes import layer_shapes
from onnxfi.converters.native.weight_assignment import weights_by_path
from onnxfi.converters.safety.source_dangers import dangers_of
from onnxfi.errors import OnnxfiError

WeightsByPath = Mapping[str, tuple[StoredWeight, ...]]


@dataclass(frozen=True, slots=True)
class WeightDescription:
    """A weight: its name in the file, its shape in the layout of Keras, and its stored dtype."""

    name: str
    shape: tuple[int, ...]
    dtype: str


@dataclass(frozen=True, slots=True)
class LayerDescription:
    """One layer.

    Attributes:
        layer: its path, nested models joined by ``/``; in a weights-only file, the name of its
            group.
        layer_class: its class; None in a weights-only file.
        inbound: for each of its calls, the layers that it is called on.
        output_shape: shape of its first output, batch first; None if it is unknown.
        parameters: number of values of its weights, for a nested model of all its layers; None if
            the weights cannot be assigned to layers.
        dtype: its dtype or dtype policy, otherwise the dtype of its weights; None without either.
        trainable: whether training changes its weights.
        weights: its own weights and those of the layers that it wraps.
    """

    layer: str
    layer_class: str | None
    inbound: tuple[tuple[str, ...], ...]
    output_shape: Shape | None
    parameters: int | None
    dtype: str | None
    trainable: bool
    weights: tuple[WeightDescription, ...]


@dataclass(frozen=True, slots=True)
class FileDescription:
    """A Keras file.

    Attributes:
        path: the file.
        kind: its content, such as ``model, .keras``.
        keras_version: version of the Keras that wrote it; ``""`` if the file does not state it.
        name: name of the model; None in a weights-only file.
        model_class: class of the model; None in a weights-only file.
        inputs: the layers that are the model's inputs.
        outputs: the layers that give its outputs.
        parameters: number of values of all weights.
        layers: in the order of the file; a nested model comes before its layers.
        dangers: code that loading it with Keras would execute, and files that it would read.
    """

    path: Path
    kind: str
    keras_version: str
    name: str | None
    model_class: str | None
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    parameters: int
    layers: tuple[LayerDescription, ...]
    dangers: tuple[str, ...]


def describe(path: Path) -> FileDescription:
    """Describe a .h5 file, whole or weights only, a .weights.h5 file or a .keras archive.

    Raises:
        ModelFormatError: the file is missing, damaged, not of these kinds, or its weights lie in
            another file.
    """
    dangers = tuple(dangers_of(path))
    with open_keras_file(path) as file:
        stored = _all_weights(file)
        parameters = sum(map(_parameters, stored.values()))
        configuration = file.stored_configuration
        outlined = [] if configuration is None else list(outline_layers(configuration))
        if configuration is None or not outlined:
            layers = tuple(_group(name, weights) for name, weights in stored.items())
            ends_of = {}
        else:
            layers = tuple(_layers(file, outlined))
            ends_of = {
                key: model_ends(configuration, key) for key in ("input_layers", "output_layers")
            }
        config = {} if configuration is None else configuration.get("config")
        name = config.get("name") if isinstance(config, dict) else None
        return FileDescription(
            path,
            file.kind.value,
            file.keras_version,
            None if name is None else str(name),
            None if configuration is None else str(configuration["class_name"]),
            ends_of.get("input_layers", ()),
            ends_of.get("output_layers", ()),
            parameters,
            layers,
            dangers,
        )


def _all_weights(file: KerasFile) -> WeightsByPath:
    """Return the weights by the name of the top-level layer, or of its group."""
    if isinstance(file.weights, WeightGroup):
        groups = {name: group.flat() for name, group in file.weights.layers().items()}
        return {"": file.weights.own, **groups} if file.weights.own else groups
    return file.weights


def _layers(file: KerasFile, outlined: Sequence[OutlinedLayer]) -> Iterator[LayerDescription]:
    shapes: Mapping[str, Shape] = {}
    weights = dict(_rough_weights(file.weights, outlined, ""))
    with contextlib.suppress(OnnxfiError):
        model = parse_model(file.configuration)
        with contextlib.suppress(OnnxfiError):
            exact = weights_by_path(model, file.weights, file.keras_major)
            weights = {layer.path: () for layer in outlined} | exact
        shapes = layer_shapes(model, weights, file.keras_major)
    inside: dict[str, list[StoredWeight]] = defaultdict(list)
    for path, stored in weights.items():
        parts = path.split("/")
        for end in range(1, len(parts) + 1):
            inside["/".join(parts[:end])] += stored
    for layer in outlined:
        yield _layer(layer, inside.get(layer.path), shapes)


def _rough_weights(
    weights: NamedWeights | WeightGroup, outlined: Sequence[OutlinedLayer], model: str
) -> Iterator[tuple[str, tuple[StoredWeight, ...]]]:
    """Yield the weights of the layers of a model that classes and names alone identify.

    If a class has different numbers of groups and layers, its weights are ambiguous.
    """
    layers = [layer for layer in outlined if layer.model == model]
    if not isinstance(weights, WeightGroup):
        yield from ((x.path, weights[x.path]) for x in layers if x.path in weights)
        return
    by_class: dict[str, list[OutlinedLayer]] = defaultdict(list)
    for layer in layers:
        by_class[layer.layer_class.partition("(")[0]].append(layer)
    for layer_class, same in by_class.items():
        groups = weights.of_class(layer_class)
        for layer, group in zip(same, groups, strict=True) if len(same) == len(groups) else ():
            if layer.outputs:
                yield from _rough_weights(group, outlined, f"{layer.path}/")
            else:
                yield layer.path, group.flat()


def _layer(
    layer: OutlinedLayer, weights: Sequence[StoredWeight] | None, shapes: Mapping[str, Shape]
) -> LayerDescription:
    known = weights or ()
    shape = layer.output_shape
    for path in (layer.path, *layer.outputs[:1]):
        shape = shapes.get(path, shape)
    return LayerDescription(
        layer.path,
        layer.layer_class,
        layer.inbound,
        shape,
        None if weights is None and layer.layer_class != "InputLayer" else _parameters(known),
        layer.dtype or _dtype_of(known),
        layer.trainable,
        () if layer.outputs else tuple(map(_weight, known)),
    )


def _group(name: str, weights: tuple[StoredWeight, ...]) -> LayerDescription:
    described = tuple(map(_weight, weights))
    return LayerDescription(
        name, None, (), None, _parameters(weights), _dtype_of(weights), True, described
    )


def _parameters(weights: Sequence[StoredWeight]) -> int:
    return sum(prod(weight.shape) for weight in weights)


def _weight(weight: StoredWeight) -> WeightDescription:
    return WeightDescription(weight.name, weight.shape, weight.dtype)


def _dtype_of(weights: Sequence[StoredWeight]) -> str | None:
    return weights[0].dtype if weights else None
