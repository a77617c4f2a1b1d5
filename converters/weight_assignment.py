"""Giving the stored weights of a Keras file to their layers and roles.

The legacy layout stores a layer's weights in order, without saying which is which. A nested model
has one flat list: what training changes first, for all its layers, then the rest; a frozen layer
counts as the rest altogether.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from onnxfi.converters.keras_file import StoredWeight
from onnxfi.converters.keras_graph import KerasLayer, KerasModel
from onnxfi.converters.layer_call import Options, WeightRole, unsupported
from onnxfi.converters.layer_table import TRANSLATIONS, WEIGHTS
from onnxfi.errors import ModelFormatError

# Names that Keras gives to weights; a name outside of them is not compared: it comes from an old
# file, or is the kernel of a DepthwiseConv2D, which only Keras 3 calls so.
_KNOWN = {"kernel", "bias", "gamma", "beta", "moving_mean", "moving_variance"}


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
    return {role.name: weight.value for role, weight in zip(roles, stored, strict=True)}


def split_nested_weights(
    model: KerasModel, stored: Sequence[StoredWeight], path: str, keras_major: int
) -> dict[str, tuple[StoredWeight, ...]]:
    """Return the weights of each layer of a nested model, out of the model's flat list.

    Raises:
        ModelFormatError: the file has another number of weights than the configuration asks for.
        UnsupportedLayerError: a layer inside has no translation, so its weights are not known.
    """
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


def weight_roles(options: Options) -> tuple[WeightRole, ...]:
    """Return the weights that a layer owns, in the order of the file.

    Raises:
        UnsupportedLayerError: the layer's class has no translation.
    """
    if options.layer_class not in TRANSLATIONS:
        raise unsupported(options.path, options.layer_class, "has no translation")
    roles = WEIGHTS.get(options.layer_class)
    return () if roles is None else roles(options)


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
