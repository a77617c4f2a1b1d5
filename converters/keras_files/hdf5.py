"""Reads an untrusted HDF5 file: follows no link and reads no other file.

`h5py` follows links and external data silently, and allocates whatever size a dataset declares.
This module refuses both, and turns the errors of h5py on damaged bytes into one error.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import ml_dtypes
import numpy as np
from numpy.typing import NDArray

from onnxfi.converters.keras_files.declared_sizes import declared_bytes
from onnxfi.converters.keras_files.global_heaps import require_sound_heaps
from onnxfi.errors import ModelFormatError

_LARGEST_ATTRIBUTE = 2**28
# Reading sequences of other types, which Keras does not write, can crash the HDF5 library.
_ATTRIBUTE_CLASSES = (h5py.h5t.STRING, h5py.h5t.INTEGER, h5py.h5t.FLOAT)
_DISTRUST = "Do not trust this file; save the model again from its source."
_SMALLEST_COUNTER = 4  # bytes of a counter; smaller whole numbers are quantised weights


@dataclass(frozen=True, slots=True)
class StoredWeight:
    """One weight of a layer, which stays in its file until it is read.

    Attributes:
        name: its name in the file, such as ``conv2d/kernel:0`` or ``layers/conv2d/vars/0``.
        shape: in the layout of Keras.
        dtype: name of the type in which it is stored, such as ``float32``.
        nbytes: its size in memory, in bytes, as the file declares it.
        dataset: the HDF5 dataset that holds it.
        path: the file, for messages.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    nbytes: int
    dataset: Any
    path: Path

    def read(self) -> NDArray[np.float32]:
        """Return the values, in the layout of Keras.

        Raises:
            ModelFormatError: the bytes are damaged, or are not floating-point numbers.
        """
        stored = self.dataset.dtype
        counts = stored.kind in "iu" and stored.itemsize >= _SMALLEST_COUNTER
        if stored.kind != "f" and not counts and self.dtype != "bfloat16":
            raise ModelFormatError(
                f"The weight {self.name!r} in {self.path} must hold floating-point numbers, got "
                f"dtype {self.dtype}. Convert quantised models with --route tf2onnx "
                "(pip install 'onnxfi[keras]')."
            )
        with reading(self.path):
            values = self.dataset[()]
        if self.dtype == "bfloat16":
            values = values.view(ml_dtypes.bfloat16)
        return np.asarray(values, np.float32)


@dataclass(frozen=True, slots=True)
class Hdf5File:
    """An open HDF5 file.

    Attributes:
        path: the file that the user named, for messages; the open file may be unpacked from it.
        root: its outermost group.
    """

    path: Path
    root: Any

    def attribute(self, owner: Any, key: str) -> Any:
        """Return an attribute of a group or dataset; None if it is absent."""
        if key not in owner.attrs:
            return None
        stored = owner.attrs.get_id(key)
        if stored.get_type().get_class() not in _ATTRIBUTE_CLASSES:
            raise ModelFormatError(
                f"An attribute must be text or numbers, but {key!r} in {self.path} is not. "
                "The file is damaged: copy or save it again."
            )
        size = math.prod(stored.shape or ()) * stored.dtype.itemsize
        if size > _LARGEST_ATTRIBUTE:
            raise ModelFormatError(
                f"An attribute must be of a size to be read, but {key!r} in {self.path} declares "
                f"{size} bytes. {_DISTRUST}"
            )
        return owner.attrs[key]

    def names(self, owner: Any, key: str) -> list[str]:
        """Return an attribute that lists names; a long one is split over ``key0``, ``key1``, …."""
        if key in owner.attrs:
            return [text_of(name) for name in np.ravel(self.attribute(owner, key)).tolist()]
        names: list[str] = []
        part = 0
        while f"{key}{part}" in owner.attrs:
            values = np.ravel(self.attribute(owner, f"{key}{part}"))
            names += [text_of(name) for name in values.tolist()]
            part += 1
        return names

    def member(self, group: Any, name: str) -> Any:
        """Return ``group[name]``, refusing every link on the way.

        Raises:
            ModelFormatError: the member is missing, or lies elsewhere.
        """
        for part in name.split("/"):
            link = group.get(part, getlink=True) if isinstance(group, h5py.Group) else None
            if link is None:
                raise ModelFormatError(
                    f"A Keras file must hold what it lists, but {group.name!r} in {self.path} has "
                    f"no member {part!r} (looking for {name!r}). Save the model again."
                )
            if not isinstance(link, h5py.HardLink):
                raise ModelFormatError(
                    f"A Keras file must hold its own data, but {part!r} in {self.path} is a "
                    f"{type(link).__name__} to {link.path!r}, which onnxfi does not follow. "
                    f"{_DISTRUST}"
                )
            group = group[part]
        return group

    def weight(self, name: str, dataset: Any) -> StoredWeight:
        """Return a dataset as a weight, unread.

        Raises:
            ModelFormatError: it is not a dataset, or its data lie in another file.
        """
        where = f"The weight {name!r} in {self.path}"
        if not isinstance(dataset, h5py.Dataset):
            raise ModelFormatError(f"{where} must be a dataset, got a group. Save the model again.")
        if dataset.external or dataset.is_virtual:
            raise ModelFormatError(
                f"{where} must be stored in its file, but lies in another file, which onnxfi does "
                f"not read. {_DISTRUST}"
            )
        if dataset.shape is None:
            raise ModelFormatError(f"{where} must have a shape, got none. Save the model again.")
        # HDF5 has no bfloat16: Keras stores two bytes and names the type in an attribute.
        stated = self.attribute(dataset, "dtype")
        bfloat16 = stated is not None and text_of(stated) == "bfloat16"
        dtype = "bfloat16" if bfloat16 and dataset.dtype.itemsize == 2 else str(dataset.dtype)
        size = declared_bytes(dataset)
        return StoredWeight(name, dataset.shape, dtype, size, dataset, self.path)


@contextmanager
def open_hdf5(path: Path, *, part_of: Path | None = None) -> Iterator[Hdf5File]:
    """Open an HDF5 file for reading.

    Args:
        path: the file.
        part_of: the file that it was unpacked from, which messages name instead.

    Raises:
        ModelFormatError: the file is missing, unreadable, or not a complete HDF5 file.
    """
    shown = path if part_of is None else part_of
    _require_hdf5(path, shown)
    with reading(shown):
        require_sound_heaps(path, shown)
        file = h5py.File(path, "r")
    try:
        yield Hdf5File(shown, file)
    finally:
        file.close()


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn the errors of h5py on a damaged file inside the block into a ModelFormatError."""
    try:
        yield
    except ModelFormatError:
        raise
    except (OSError, LookupError, RuntimeError, TypeError, ValueError, MemoryError) as error:
        raise ModelFormatError(
            f"A Keras file must be whole, but reading {path} failed: {error}. "
            "The file is damaged or truncated: copy or save it again."
        ) from error


def text_of(value: object) -> str:
    """Return a text attribute, which h5py returns as bytes or as a string."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _require_hdf5(path: Path, shown: Path) -> None:
    rule = "A Keras file must be an HDF5 file (.h5) or an archive (.keras)"
    if not path.exists():
        raise ModelFormatError(f"{rule}, but {shown} does not exist. Check the path.")
    if path.is_dir():
        advice = (
            "is a SavedModel folder. Use --route tf2onnx (pip install 'onnxfi[keras]')."
            if (path / "saved_model.pb").exists()
            else "is a folder. Give the path of the file."
        )
        raise ModelFormatError(f"{rule}, but {shown} {advice}")
    try:
        with path.open("rb") as stream:
            start = stream.read(8)
    except OSError as error:
        raise ModelFormatError(
            f"{rule}, but {shown} cannot be read: {error.strerror}. Check its permissions."
        ) from error
    if not start:
        raise ModelFormatError(f"{rule}, but {shown} is empty. Copy or save the model again.")
    if start.lstrip().startswith(b"{"):
        raise ModelFormatError(
            f"{rule}, but {shown} is JSON text. Give the file of the weights, and this one with "
            "--architecture."
        )
    if not h5py.is_hdf5(path):
        raise ModelFormatError(
            f"{rule}, but {shown} starts with the bytes {start!r}, which is another format. "
            "Save the model with model.save('model.h5')."
        )
