"""Opens a Keras file of any kind: its configuration, its Keras version and its weights.

Only h5py, zipfile and the JSON decoder touch the file: nothing in it is imported, unpickled or
executed, and no other file is read. Weights stay in the file until they are requested.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from onnxfi.converters.keras_files.archive import is_archive, read_archive, unpacked_weights
from onnxfi.converters.keras_files.configuration import (
    parse_configuration,
    read_architecture,
    stated_version,
)
from onnxfi.converters.keras_files.hdf5 import Hdf5File, open_hdf5, reading, text_of
from onnxfi.converters.keras_files.weight_layouts import (
    NamedWeights,
    WeightGroup,
    is_grouped,
    read_weights,
)
from onnxfi.errors import ModelFormatError


class FileKind(StrEnum):
    """The content of a file, and its layout."""

    MODEL = "model, .h5"
    ARCHIVE = "model, .keras"
    NAMED_WEIGHTS = "weights only, .h5"
    GROUPED_WEIGHTS = "weights only, .weights.h5"


@dataclass(frozen=True, slots=True)
class KerasFile:
    """An open Keras file.

    Attributes:
        path: the file that it was read from.
        kind: its content.
        stored_configuration: the outermost ``{"class_name": …, "config": …}``, from the file or
            from the architecture beside it; None if neither has one.
        keras_version: such as ``2.11.0``, or only ``3``; ``""`` if the file does not state it.
        weights: the weights, unread, in the layout of the file.
    """

    path: Path
    kind: FileKind
    stored_configuration: Mapping[str, Any] | None
    keras_version: str
    weights: NamedWeights | WeightGroup

    @property
    def configuration(self) -> Mapping[str, Any]:
        """The configuration.

        Raises:
            ModelFormatError: the file holds weights only.
        """
        if self.stored_configuration is None:
            raise ModelFormatError(
                f"A Keras file must hold the architecture to be converted, but {self.path} holds "
                "weights only. Where the model is built, write its architecture with "
                "open('model.json', 'w').write(model.to_json()), and pass it with "
                "--architecture model.json."
            )
        return self.stored_configuration

    @property
    def keras_major(self) -> int:
        """Major version of the Keras that wrote the file: 2 or 3."""
        return 3 if self.keras_version.startswith("3") else 2


@contextmanager
def open_keras_file(path: Path, architecture: Path | None = None) -> Iterator[KerasFile]:
    """Open a full-model .h5, a .keras archive, or a weights-only file of either layout.

    Args:
        path: the file.
        architecture: JSON text written by ``model.to_json()``; it overrides the configuration
            inside the file.

    Raises:
        ModelFormatError: a file is missing, damaged, or not of these kinds.
    """
    given = None if architecture is None else read_architecture(architecture)
    if is_archive(path):
        archive = read_archive(path)
        with unpacked_weights(path) as weights, open_hdf5(weights, part_of=path) as file:
            configuration = given or archive.configuration
            yield _keras_file(file, FileKind.ARCHIVE, configuration, archive.keras_version)
        return
    with open_hdf5(path) as file:
        with reading(path):
            stored = _stored_configuration(file)
            version = _stored_version(file)
            kind = FileKind.GROUPED_WEIGHTS if is_grouped(file) else FileKind.NAMED_WEIGHTS
        kind = kind if stored is None else FileKind.MODEL
        yield _keras_file(file, kind, given or stored, version)


def read_stored_configuration(path: Path) -> Mapping[str, Any] | None:
    """Return the configuration that a .h5 or .keras file holds; None for weights only.

    Raises:
        ModelFormatError: the file cannot be read.
    """
    if is_archive(path):
        return read_archive(path).configuration
    with open_hdf5(path) as file, reading(path):
        return _stored_configuration(file)


def keras_version_of(path: Path) -> str:
    """Return the version of the Keras that wrote a .h5 or .keras file; ``""`` if it is not stated.

    Raises:
        ModelFormatError: the file cannot be read.
    """
    if is_archive(path):
        return read_archive(path).keras_version
    with open_hdf5(path) as file, reading(path):
        return _stored_version(file)


def _keras_file(
    file: Hdf5File, kind: FileKind, configuration: Mapping[str, Any] | None, version: str
) -> KerasFile:
    """Return the parts as one file.

    The version that a configuration states for itself decides how it is parsed. Weights are read
    alike in every version.
    """
    stated = "" if configuration is None else stated_version(configuration)
    if not version.startswith(stated):
        version = stated
    with reading(file.path):
        weights = read_weights(file)
    return KerasFile(file.path, kind, configuration, version, weights)


def _stored_configuration(file: Hdf5File) -> dict[str, Any] | None:
    stored = file.attribute(file.root, "model_config")
    if stored is None:
        return None
    return parse_configuration(stored, f"The model_config of {file.path}")


def _stored_version(file: Hdf5File) -> str:
    version = file.attribute(file.root, "keras_version")
    if version is None and "model_weights" in file.root:
        weights = file.member(file.root, "model_weights")
        version = file.attribute(weights, "keras_version")
    return "" if version is None else text_of(version)
