"""Reads the two layouts in which Keras stores the weights of a model in HDF5.

The older one (.h5) has a group for each layer, found by the layer's name, with a list of weight
names. The newer one (.weights.h5, and inside .keras archives) has a tree of groups named after
attributes and classes, such as ``layers/conv2d_1/vars/0``, without the names of layers or weights.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py

from onnxfi.converters.keras_files.declared_sizes import largest_content
from onnxfi.converters.keras_files.hdf5 import Hdf5File, StoredWeight
from onnxfi.errors import ModelFormatError

# Groups that hold a model's layers; Keras 2.12 and 2.13 call it by the second name.
_LAYER_GROUPS = ("layers", "_layer_checkpoint_dependencies")
_DEEPEST_GROUP = 60
# The order in which the older layout lists the weights of the parts of a layer. Some versions put
# an underscore before a name. Other parts follow, ordered by name.
_PARTS = (
    *("cell", "cells", "layer", "forward_layer", "backward_layer"),
    *("query_dense", "key_dense", "value_dense", "output_dense"),
)
# The state of a random generator is not a weight in the older layout.
_NO_WEIGHTS = "seed_generator"

NamedWeights = Mapping[str, tuple[StoredWeight, ...]]
"""The older layout: the weights of each top-level layer, in the order of the file."""


@dataclass(frozen=True, slots=True)
class WeightGroup:
    """A group of the newer layout: a model, a layer, or a part of a layer.

    Attributes:
        own: its own weights, in their order.
        groups: the groups inside, by name.
    """

    own: tuple[StoredWeight, ...]
    groups: Mapping[str, "WeightGroup"]

    def layers(self) -> Mapping[str, "WeightGroup"]:
        """Return the groups of the layers, if this group is a model."""
        for name in _LAYER_GROUPS:
            if name in self.groups:
                return self.groups[name].groups
        return {}

    def of_class(self, layer_class: str) -> list["WeightGroup"]:
        """Return the groups of a model's layers of one class, in the order of their numbers."""
        groups = self.layers()
        pattern = re.compile(re.escape(_group_name(layer_class)) + r"(_[0-9]+)?")
        return [groups[x] for x in sorted(filter(pattern.fullmatch, groups), key=number_of)]

    def flat(self) -> tuple[StoredWeight, ...]:
        """Return all weights inside, in the order of the older layout."""
        parts = sorted(self.groups, key=_part_order)
        inside = (x for name in parts if name != _NO_WEIGHTS for x in self.groups[name].flat())
        return (*self.own, *inside)


def read_weights(file: Hdf5File) -> NamedWeights | WeightGroup:
    """Return the weights of a file of either layout, unread.

    Raises:
        ModelFormatError: the file has neither layout, is damaged, or refers to other files.
    """
    if is_grouped(file):
        group = _read_group(file, file.root, ("vars", *_LAYER_GROUPS), set(), 0)
        _require_plausible_size(group.flat(), file.path)
        return group
    root = _named_root(file)
    layers = file.names(root, "layer_names")
    if not layers:
        raise ModelFormatError(
            "A Keras file must list its layers in 'layer_names', or hold a group 'layers', but "
            f"{file.path} has neither: it holds {sorted(file.root)[:5]}. "
            "Save the model with model.save('model.h5') or model.save('model.keras')."
        )
    weights = {layer: tuple(_read_layer(file, file.member(root, layer))) for layer in layers}
    _require_plausible_size((x for layer in weights.values() for x in layer), file.path)
    return weights


def is_grouped(file: Hdf5File) -> bool:
    """Return whether a file has the newer layout."""
    older = "model_weights" in file.root or bool(file.names(file.root, "layer_names"))
    return not older and any(name in file.root for name in _LAYER_GROUPS)


def number_of(name: str) -> tuple[int, str]:
    """Return a sort key that puts ``2`` before ``10``, and ``conv2d_2`` before ``conv2d_10``."""
    digits = name.rsplit("_", 1)[-1]
    return (int(digits) if digits.isascii() and digits.isdigit() else -1, name)


def _require_plausible_size(weights: Iterable[StoredWeight], path: Path) -> None:
    """Refuse weights that are too large for their file: reading them would exhaust the memory."""
    allowed = largest_content(path)
    total = 0
    for weight in weights:
        total += weight.nbytes
        if total > allowed:
            raise ModelFormatError(
                f"The weights must fit their file, but {path} declares {total} bytes up to the "
                f"weight {weight.name!r}. "
                "Do not trust this file; save the model again from its source."
            )


def _named_root(file: Hdf5File) -> Any:
    return file.member(file.root, "model_weights") if "model_weights" in file.root else file.root


def _read_layer(file: Hdf5File, group: Any) -> Iterator[StoredWeight]:
    for name in file.names(group, "weight_names"):
        yield file.weight(name, file.member(group, name))


def _read_group(
    file: Hdf5File, group: Any, names: Iterable[str], seen: set[int], depth: int
) -> WeightGroup:
    """Read a group, with only the members `names`.

    Every group may come once, at a limited depth: hard links can form cycles, and trees that
    grow without end.
    """
    address = h5py.h5o.get_info(group.id).addr
    if address in seen or depth > _DEEPEST_GROUP:
        raise ModelFormatError(
            f"The groups of a Keras file must form a tree of at most {_DEEPEST_GROUP} levels, but "
            f"{group.name!r} in {file.path} comes twice or is deeper. "
            "Do not trust this file; save the model again from its source."
        )
    seen.add(address)
    own: list[StoredWeight] = []
    groups = {}
    for name in names:
        inside = file.member(group, name) if name in group else None
        if not isinstance(inside, h5py.Group):
            continue
        if name == "vars":
            keys = sorted(inside, key=number_of)
            own += [file.weight(f"{inside.name}/{x}", file.member(inside, x)) for x in keys]
        else:
            groups[name] = _read_group(file, inside, inside, seen, depth + 1)
    return WeightGroup(tuple(own), groups)


def _group_name(layer_class: str) -> str:
    """Return what Keras calls the groups of a class: ``Conv2DTranspose`` is conv2d_transpose."""
    name = re.sub(r"\W+", "", layer_class)
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()


def _part_order(name: str) -> tuple[int, tuple[int, str]]:
    part = name.lstrip("_")
    return (_PARTS.index(part) if part in _PARTS else len(_PARTS), number_of(name))
