"""Assigns the stored weights of a Keras file to layers and roles.

Both layouts store a layer's weights in order, without their roles. In the older one a nested model
has one flat list: the trainable weights of all its layers, then the others. All weights of a frozen
layer count as not trainable. The newer layout has a group for each layer, nested like the models,
but named after the layer's class: ``conv2d``, ``conv2d_1``, ….
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from onnxfi.converters.keras_files.hdf5 import StoredWeight
from onnxfi.converters.keras_files.model import KerasLayer, KerasModel
from onnxfi.converters.keras_files.weight_layouts import NamedWeights, WeightGroup
from onnxfi.converters.keras_files.wrappers import inner_groups
from onnxfi.converters.native.layer_table import kind_of
from onnxfi.converters.recurrent.cell import cell_options
from onnxfi.converters.translation.layer_call import Options, WeightRole
from onnxfi.errors import ModelFormatError

# Names of weights in Keras. Other names are not compared: they come from an old file, or are the
# kernel of a DepthwiseConv2D, which only Keras 3 calls kernel.
_KNOWN = {
    *("kernel", "bias", "gamma", "beta", "moving_mean", "moving_variance"),
    *("recurrent_kernel", "embeddings", "scale", "concat_score_weight"),
}


def weights_by_path(
    model: KerasModel, weights: NamedWeights | WeightGroup, keras_major: int
) -> dict[str, tuple[StoredWeight, ...]]:
    """Return the weights of every layer by its path, including layers of nested models.

    Raises:
        ModelFormatError: the number of weights in the file does not match the configuration.
        UnsupportedLayerError: a layer has no translation, so its weights are unknown.
    """
    if isinstance(weights, WeightGroup):
        return dict(_grouped(model.layers, weights, "", keras_major))
    own = _in_order(model.layers, weights, keras_major)
    return dict(_named(model.layers, own, "", keras_major))


def assign_weights(
    options: Options, stored: Sequence[StoredWeight]
) -> dict[str, NDArray[np.float32]]:
    """Return the weights of one layer by role.

    Raises:
        ModelFormatError: the number or the names of the weights in the file do not match the
            configuration.
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
        if name in _KNOWN and name != role.name.rsplit("/", 1)[-1]:
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
    return kind_of(options).weights(options)


def _in_order(
    layers: Sequence[KerasLayer], weights: NamedWeights, keras_major: int
) -> NamedWeights:
    """Return the weights under the names of the layers, if the file has other names.

    Keras numbers generated names, so the same model built again has others. Like Keras, this then
    relies on the order of the layers; shapes are compared later.
    """
    owners = [layer.name for layer in layers if any(_roles_inside(layer, "", keras_major))]
    stored = [own for own in weights.values() if own]
    if all(name in weights for name in owners) or len(owners) != len(stored):
        return weights
    return dict(zip(owners, stored, strict=True))


def _named(
    layers: Sequence[KerasLayer], weights: NamedWeights, prefix: str, keras_major: int
) -> Iterator[tuple[str, tuple[StoredWeight, ...]]]:
    for layer in layers:
        path = f"{prefix}{layer.name}"
        stored = weights.get(layer.name, ())
        if not layer.parts:
            yield path, stored
        else:
            inside = _split(layer, stored, path, keras_major)
            yield path, inside[""]
            yield from _named(layer.parts, inside, f"{path}/", keras_major)


def _grouped(
    layers: Sequence[KerasLayer], group: WeightGroup, prefix: str, keras_major: int
) -> Iterator[tuple[str, tuple[StoredWeight, ...]]]:
    """Match the layers with weights of each class to its groups with weights, both in order.

    The numbers in the names are unreliable: some versions of Keras skip numbers, or count
    layers without weights.
    """
    by_class: dict[str, list[KerasLayer]] = defaultdict(list)
    for layer in layers:
        if any(_roles_inside(layer, prefix.rstrip("/"), keras_major)):
            by_class[layer.layer_class].append(layer)
    for layer_class, same in by_class.items():
        stored = [inside for inside in group.of_class(layer_class) if inside.flat()]
        if len(stored) != len(same):
            raise ModelFormatError(
                f"The {len(same)} layers of class {layer_class!r} in "
                f"{prefix or 'the model'} must have a group of weights each, got {len(stored)}. "
                "The weights belong to another architecture, or the file is damaged."
            )
        for layer, inside in zip(same, stored, strict=True):
            yield from _in_group(layer, inside, f"{prefix}{layer.name}", keras_major)


def _in_group(
    layer: KerasLayer, group: WeightGroup, path: str, keras_major: int
) -> Iterator[tuple[str, tuple[StoredWeight, ...]]]:
    if layer.model is not None:
        yield from _grouped(layer.model.layers, group, f"{path}/", keras_major)
    elif layer.layer_class == "RNN":
        yield path, _of_cells(Options(path, "RNN", layer.options, keras_major), group)
    elif not layer.inner:
        yield path, group.flat()
    else:
        # A SpectralNormalization lists the kernel of its layer among its own weights, too.
        own = _own_roles(layer, path.rpartition("/")[0], keras_major)
        yield path, group.own[: len(own)]
        groups = {name.lstrip("_"): inside for name, inside in group.groups.items()}
        names = inner_groups(layer.layer_class, layer.options)
        for inner, name in zip(layer.inner, names, strict=True):
            if name in groups:
                yield from _in_group(inner, groups[name], f"{path}/{inner.name}", keras_major)


def _of_cells(options: Options, group: WeightGroup) -> tuple[StoredWeight, ...]:
    """Return the weights of an RNN, whose cells may have groups named after classes."""
    cells = group.groups["cell"].groups.get("cells") if "cell" in group.groups else None
    if cells is None:
        return group.flat()
    named = WeightGroup((), {"layers": cells})
    kinds = [cell.kind for cell in cell_options(options)]
    groups = {kind: iter(named.of_class(f"{kind}Cell")) for kind in kinds}
    empty = WeightGroup((), {})
    return tuple(x for kind in kinds for x in next(groups[kind], empty).flat())


def _split(
    layer: KerasLayer, stored: Sequence[StoredWeight], path: str, keras_major: int
) -> dict[str, tuple[StoredWeight, ...]]:
    """Split the flat list of weights of a nested model or wrapper by layer."""
    leaves = [
        (part.name, roles)
        for part in layer.parts
        for roles in _roles_inside(part, path, keras_major)
    ]
    leaves.append(("", _own_roles(layer, path, keras_major)))  # no layer has an empty name
    total = sum(len(roles) for _, roles in leaves)
    if total != len(stored):
        what = "nested model" if layer.model is not None else "layer"
        raise ModelFormatError(
            f"The {what} {path!r} must have {total} weights, got {len(stored)}. "
            "The weights belong to another architecture, or the file is damaged."
        )
    remaining = iter(stored)
    split: dict[str, list[StoredWeight]] = {name: [] for name, _ in leaves}
    for trainable in (True, False):
        for name, roles in leaves:
            split[name] += [next(remaining) for role in roles if role.trainable is trainable]
    return {name: tuple(weights) for name, weights in split.items()}


def _own_roles(layer: KerasLayer, path: str, keras_major: int) -> tuple[WeightRole, ...]:
    """Return the weights of a wrapper besides those of its layers; a nested model has none."""
    if layer.model is not None:
        return ()
    return weight_roles(Options(path, layer.layer_class, layer.options, keras_major))


def _roles_inside(
    layer: KerasLayer, path: str, keras_major: int
) -> Iterator[tuple[WeightRole, ...]]:
    """Yield the weights of a layer, or of each layer inside it."""
    path = f"{path}/{layer.name}" if path else layer.name
    options = Options(path, layer.layer_class, layer.options, keras_major)
    if layer.parts:
        inside = [x for part in layer.parts for x in _roles_inside(part, path, keras_major)]
        inside.append(_own_roles(layer, path, keras_major))
    else:
        inside = [weight_roles(options)]
    for roles in inside:
        if layer.model is not None or options.flag("trainable", True):
            yield roles
        else:
            yield tuple(WeightRole(role.name, trainable=False) for role in roles)
