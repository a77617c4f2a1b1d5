"""Telling what kind of source a path is, by its first bytes or its members."""

from enum import StrEnum
from pathlib import Path

from onnxfi.converters.keras_file import is_keras_file


class SourceKind(StrEnum):
    """What can be converted."""

    KERAS = "keras"
    SAVED_MODEL = "saved_model"
    TFLITE = "tflite"


def kind_of(path: Path) -> SourceKind | None:
    """Return the kind of source that a path is; None where it is none that `convert` reads."""
    if path.is_dir():
        return SourceKind.SAVED_MODEL if (path / "saved_model.pb").is_file() else None
    if path.is_file():
        with path.open("rb") as stream:
            if stream.read(8)[4:] == b"TFL3":  # the file identifier of a FlatBuffer
                return SourceKind.TFLITE
    return SourceKind.KERAS if is_keras_file(path) else None
