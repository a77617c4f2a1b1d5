"""Giving the stored weights of a Keras file to their layers and roles.

Both layouts store a layer's weights in order, without saying which is which. In the older one a
nested model has one flat list: what training changes first, for all its layers, then the rest; a
frozen layer counts as the rest altogether. The newer one has a group for each layer, nested like
the models, but named after the layer's class: ``conv2d``, ``conv2d_1``, ….
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from onnxfi.converters.hdf5 import StoredWeight
from onnxfi.converters.keras_graph import KerasLayer, KerasModel
from onnxfi.converters.layer_call import Options, WeightRole, unsupported
from onnxfi.converters.layer_table import TRANSLATIONS, WEIGHTS
from onnxfi.converters.weight_layouts import NamedWeights, WeightGroup, number_of
from onnxfi.errors import ModelFormatError

# Names that Keras gives to weights; a name outside of them is not compared: it comes from an old
# file, or is the kernel of a DepthwiseConv2D, which only Keras 3 calls so.
_KNOWN = {"kernel", "bias", "gamma", "beta", "moving_mean", "moving_variance"}


def weights_by_path(
    model: KerasModel, weights: NamedWeights | WeightGroup, keras_major: int
) -> dict[str, tuple[StoredWeight, ...]]:
    """Return the weights of every layer by its path, also of those inside nested models.

    Raises:
        ModelFormatError: the file has another number of weights than the configuration asks for.
        UnsupportedLayerError: a layer has no translation, so its weights are not known.
    """
    if isinstance(weights, WeightGroup):
        return dict(_grouped(model, weights, "", keras_major))
    return dict(_named(model, weights, "", keras_major))


def assign_weights(
    options: Options, stored: Sequence[StoredWeight]
) -> dict[str, NDArray[np.float32]]:
    """Return the weights of one layer by role.

    Raises:
        ModelFormatError: the file has another number of weights than the configuration asks for,
            or has them under other names.
    """
    roles = weight_roles(options)
    if len(stored) != len(roles):
        raise ModelFormatError(
            f"Layer {options.path!r} ({options.layer_class}) must have the weights "
            f"{[role.name for role in roles]}, got {[weight.name for weight in stored]}. "
            "The weights belong to another architecture, or the file is damaged."
        )
    for role, weight in zip(roles, stored, strict=True):
        name = weight.name.rsplit("/", 1)[-1].split(":")[0]
        if name in _KNOWN and name != role.name:
            raise ModelFormatError(
                f"Weight {role.name!r} of layer {options.path!r} ({options.layer_class}) must be "
                f"next in the file, got {weight.name!r}. "
                "The weights belong to another architecture, or the file is damaged."
            )
    return {role.name: weight.read() for role, weight in zip(roles, stored, strict=True)}


def weight_roles(options: Options) -> tuple[WeightRole, ...]:
    """Return the weights that a layer owns, in the order of the file.

    Raises:
        UnsupportedLayerError: the layer's class has no translation.
    """
    if options.layer_class not in TRANSLATIONS:
        raise unsupported(options.path, options.layer_class, "has no translation")
    roles = WEIGHTS.get(options.layer_class)
    return () if roles is None else roles(options)


def _named(
    model: KerasModel, weights: NamedWeights, prefix: str, keras_major: int
) -> Iterator[tuple[str, tuple[StoredWeight, ...]]]:
    for layer in model.layers:
        path = f"{prefix}{layer.name}"
        stored = weights.get(layer.name, ())
        if layer.model is None:
            yield path, stored
        else:
            inside = _split(layer.model, stored, path, keras_major)
            yield from _named(layer.model, inside, f"{path}/", keras_major)


def _grouped(
    model: KerasModel, group: WeightGroup, prefix: str, keras_major: int
) -> Iterator[tuple[str, tuple[StoredWeight, ...]]]:
    """Match the layers with weights of each class to its groups with weights, both in order.

    The numbers in the names are no help: some versions of Keras skip numbers, or count the
    layers without weights.
    """
    by_group: dict[str, list[KerasLayer]] = defaultdict(list)
    for layer in model.layers:
        if any(_roles_inside(layer, prefix.rstrip("/"), keras_major)):
            by_group[_group_name(layer.layer_class)].append(layer)
    for name, layers in by_group.items():
        stored = _groups_of_class(group.layers(), name)
        if len(stored) != len(layers):
            raise ModelFormatError(
                f"The {len(layers)} layers of class {layers[0].layer_class!r} in "
                f"{prefix or 'the model'} must have a group of weights each, got {len(stored)}. "
                "The weights belong to another architecture, or the file is damaged."
            )
        for layer, inside in zip(layers, stored, strict=True):
            path = f"{prefix}{layer.name}"
            if layer.model is None:
                yield path, inside.flat()
            else:
                yield from _grouped(layer.model, inside, f"{path}/", keras_major)


def _groups_of_class(groups: Mapping[str, WeightGroup], name: str) -> list[WeightGroup]:
    pattern = re.compile(re.escape(name) + r"(_[0-9]+)?")
    names = sorted((x for x in groups if pattern.fullmatch(x)), key=number_of)
    return [groups[x] for x in names if groups[x].flat()]


def _group_name(layer_class: str) -> str:
    """Return what Keras calls the groups of a class: ``Conv2DTranspose`` is conv2d_transpose."""
    name = re.sub(r"\W+", "", layer_class)
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()


def _split(
    model: KerasModel, stored: Sequence[StoredWeight], path: str, keras_major: int
) -> dict[str, tuple[StoredWeight, ...]]:
    """Return the weights of each layer of a nested model, out of the model's flat list."""
    leaves = list(_leaves(model, path, keras_major))
    total = sum(len(roles) for _, roles in leaves)
    if total != len(stored):
        raise ModelFormatError(
            f"The nested model {path!r} must have {total} weights, got {len(stored)}. "
            "The weights belong to another architecture, or the file is damaged."
        )
    remaining = iter(stored)
    split: dict[str, list[StoredWeight]] = {layer.name: [] for layer in model.layers}
    for trainable in (True, False):
        for name, roles in leaves:
            split[name] += [next(remaining) for role in roles if role.trainable is trainable]
    return {name: tuple(weights) for name, weights in split.items()}


def _leaves(
    model: KerasModel, path: str, keras_major: int
) -> Iterator[tuple[str, tuple[WeightRole, ...]]]:
    """Yield the weights of each layer by name; a nested model once per layer inside."""
    for layer in model.layers:
        yield from ((layer.name, roles) for roles in _roles_inside(layer, path, keras_major))


def _roles_inside(
    layer: KerasLayer, path: str, keras_major: int
) -> Iterator[tuple[WeightRole, ...]]:
    path = f"{path}/{layer.name}"
    if layer.model is not None:
        for inner in layer.model.layers:
            yield from _roles_inside(inner, path, keras_major)
        return
    options = Options(path, layer.layer_class, layer.options, keras_major)
    roles = weight_roles(options)
    if not options.flag("trainable", True):
        roles = tuple(WeightRole(role.name, trainable=False) for role in roles)
    yield roles
