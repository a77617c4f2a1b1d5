"""Reading a Keras HDF5 file: its configuration, its Keras version and its weights.

Only h5py and the JSON decoder touch the file: nothing in it is imported, unpickled or executed.
Links and datasets that point out of the file are refused, because following them would read other
files of the machine (`h5py` follows them silently).
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from onnxfi.errors import ModelFormatError

# A dataset may declare more bytes than its file holds, as it may be compressed; beyond this factor
# (and one free mebibyte) it is taken for a decompression bomb.
_LARGEST_COMPRESSION = 50
_FREE_BYTES = 2**20


@dataclass(frozen=True, slots=True)
class StoredWeight:
    """One weight of a layer, as stored.

    Attributes:
        name: its name in the file, such as ``conv2d/kernel:0``.
        value: float32 array, in the layout of Keras.
    """

    name: str
    value: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class KerasFile:
    """What the native route needs of a Keras file.

    Attributes:
        path: where it was read from.
        configuration: the outermost ``{"class_name": …, "config": …}``.
        keras_version: such as ``2.11.0``; ``""`` where the file does not say.
        weights: weights of each top-level layer, in the order of the file.
    """

    path: Path
    configuration: Mapping[str, Any]
    keras_version: str
    weights: Mapping[str, tuple[StoredWeight, ...]]

    @property
    def keras_major(self) -> int:
        """Major version of the Keras that wrote the file: 2 or 3."""
        return 3 if self.keras_version.startswith("3") else 2


def read_keras_file(path: Path, architecture: Path | None = None) -> KerasFile:
    """Read a full-model .h5, or a weights-only .h5 and the JSON of its architecture.

    Args:
        path: the .h5 file.
        architecture: JSON text written by ``model.to_json()``; it wins over the configuration
            inside the file.

    Raises:
        ModelFormatError: a file is missing, damaged, or not of these kinds.
    """
    with open_hdf5(path) as file:
        stored = read_configuration(file, path) if architecture is None else None
        if architecture is not None:
            configuration = _read_architecture(architecture)
        elif stored is not None:
            configuration = stored
        else:
            raise ModelFormatError(
                f"A Keras file must hold the architecture to be converted, but {path} holds weights"
                " only. Pass the JSON of model.to_json() with --architecture."
            )
        version = _keras_version(file)
        if not version:
            version = str(configuration.get("keras_version") or "")
        return KerasFile(path, configuration, version, _read_weights(file, path))


@contextmanager
def open_hdf5(path: Path) -> Iterator[h5py.File]:
    """Open an HDF5 file; what h5py raises inside the block becomes a ModelFormatError."""
    _require_hdf5(path)
    try:
        with h5py.File(path, "r") as file:
            yield file
    except ModelFormatError:
        raise
    except (OSError, KeyError, RuntimeError, ValueError, MemoryError) as error:
        raise ModelFormatError(
            f"A Keras file must be a whole HDF5 file, but reading {path} failed: {error}. "
            "The file is damaged or truncated: copy or save it again."
        ) from error


def read_configuration(file: h5py.File, path: Path) -> dict[str, Any] | None:
    """Return the ``model_config`` of an open file, or None where it holds weights only."""
    stored = file.attrs.get("model_config")
    if stored is None:
        return None
    return _parse_json(stored, f"The model_config of {path}")


def keras_version_of(path: Path) -> str:
    """Return the version of the Keras that wrote a .h5 file, ``""`` where it does not say."""
    with open_hdf5(path) as file:
        return _keras_version(file)


def _require_hdf5(path: Path) -> None:
    rule = "A Keras file must be an HDF5 file (.h5)"
    if not path.exists():
        raise ModelFormatError(f"{rule}, but {path} does not exist. Check the path.")
    if path.is_dir():
        advice = (
            "is a SavedModel folder. Use --route tf2onnx (pip install 'onnxfi[keras]')."
            if (path / "saved_model.pb").exists()
            else "is a folder. Give the path of the file."
        )
        raise ModelFormatError(f"{rule}, but {path} {advice}")
    try:
        with path.open("rb") as stream:
            start = stream.read(8)
    except OSError as error:
        raise ModelFormatError(
            f"{rule}, but {path} cannot be read: {error.strerror}. Check its permissions."
        ) from error
    if not start:
        raise ModelFormatError(f"{rule}, but {path} is empty. Copy or save the model again.")
    if start[:4] == b"PK\x03\x04":
        raise ModelFormatError(
            f"{rule}, but {path} is a zip archive (.keras). Use --route tf2onnx "
            "(pip install 'onnxfi[keras]'), or save the model as .h5."
        )
    if not h5py.is_hdf5(path):
        raise ModelFormatError(
            f"{rule}, but {path} starts with the bytes {start!r}, which is another format. "
            "Save the model with model.save('model.h5')."
        )


def _read_architecture(path: Path) -> dict[str, Any]:
    try:
        text = path.read_bytes()
    except OSError as error:
        raise ModelFormatError(
            f"The architecture must be a readable JSON file, but {path} is not: {error.strerror}. "
            "Write it with model.to_json()."
        ) from error
    return _parse_json(text, f"The architecture {path}")


def _parse_json(text: object, what: str) -> dict[str, Any]:
    if not isinstance(text, str | bytes):
        raise ModelFormatError(
            f"{what} must be JSON text, got a value of type {type(text).__name__}. Save it again."
        )
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ModelFormatError(
            f"{what} must be JSON, but decoding it failed: {error}. Save the model again."
        ) from error
    if not isinstance(document, dict) or "class_name" not in document:
        raise ModelFormatError(
            f"{what} must be a JSON object with the key 'class_name', got {str(document)[:60]!r}. "
            "Save a Sequential or Functional model again."
        )
    return document


def _text(value: object) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _keras_version(file: h5py.File) -> str:
    version = file.attrs.get("keras_version")
    if version is None and "model_weights" in file:
        version = _member(file, "model_weights").attrs.get("keras_version")
    return "" if version is None else _text(version)


def _names(attributes: h5py.AttributeManager, key: str) -> list[str]:
    """Return a list of names; Keras splits a long one over ``key0``, ``key1`` and so on."""
    if key in attributes:
        return [_text(name) for name in attributes[key]]
    names: list[str] = []
    part = 0
    while f"{key}{part}" in attributes:
        names += [_text(name) for name in attributes[f"{key}{part}"]]
        part += 1
    return names


def _read_weights(file: h5py.File, path: Path) -> dict[str, tuple[StoredWeight, ...]]:
    root = _member(file, "model_weights") if "model_weights" in file else file
    layers = _names(root.attrs, "layer_names")
    if not layers:
        raise ModelFormatError(
            f"A Keras .h5 must list its layers in the attribute 'layer_names', but {path} has none "
            "(a file of save_weights('….weights.h5') stores them otherwise). "
            "Save the whole model with model.save('model.h5')."
        )
    largest = _LARGEST_COMPRESSION * path.stat().st_size + _FREE_BYTES
    weights = {}
    for layer in layers:
        group = _member(root, layer)
        names = _names(group.attrs, "weight_names")
        weights[layer] = tuple(
            StoredWeight(name, _read_array(_member(group, name), largest)) for name in names
        )
    return weights


def _member(group: h5py.Group, name: str) -> Any:
    """Return ``group[name]``, refusing every link on the way that leaves the file."""
    for part in name.split("/"):
        link = group.get(part, getlink=True)
        if link is None:
            raise ModelFormatError(
                f"A Keras .h5 must hold what it lists, but {group.name!r} in {group.file.filename} "
                f"has no member {part!r} (looking for {name!r}). Save the model again."
            )
        if not isinstance(link, h5py.HardLink):
            raise ModelFormatError(
                f"A Keras .h5 must hold its own data, but {part!r} in {group.file.filename} is a "
                f"{type(link).__name__} to {link.path!r}, which onnxfi does not follow. "
                "Do not trust this file; save the model again from its source."
            )
        group = group[part]
    return group


def _read_array(dataset: Any, largest: int) -> NDArray[np.float32]:
    where = f"The weight {dataset.name!r} in {dataset.file.filename}"
    if not isinstance(dataset, h5py.Dataset):
        raise ModelFormatError(f"{where} must be a dataset, got a group. Save the model again.")
    if dataset.external or dataset.is_virtual:
        raise ModelFormatError(
            f"{where} must be stored in its file, but lies in another file, which onnxfi does not "
            "read. Do not trust this file; save the model again from its source."
        )
    if dataset.nbytes > largest:
        raise ModelFormatError(
            f"{where} must fit its file, but declares {dataset.nbytes} bytes. "
            "Do not trust this file; save the model again from its source."
        )
    if dataset.dtype.kind != "f":
        raise ModelFormatError(
            f"{where} must hold floating-point numbers, got dtype {dataset.dtype}. "
            "Convert quantised models with --route tf2onnx (pip install 'onnxfi[keras]')."
        )
    return np.asarray(dataset[()], np.float32)
