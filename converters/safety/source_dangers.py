"""Keeps TensorFlow from loading a source that executes code, reads files or exhausts the memory.

Dangers are found by reading alone. The native route needs no such check: it executes nothing and
follows no link.
"""

import logging
from collections.abc import Sequence
from pathlib import Path

from onnxfi.converters.keras_files.archive import is_archive, unpacked_weights
from onnxfi.converters.keras_files.file import read_stored_configuration
from onnxfi.converters.keras_files.hdf5 import open_hdf5
from onnxfi.converters.safety.configuration_dangers import configuration_dangers
from onnxfi.converters.safety.storage_dangers import archive_dangers, hdf5_dangers
from onnxfi.converters.sources.kind import SourceKind, kind_of
from onnxfi.converters.sources.saved_model import saved_model_dangers
from onnxfi.converters.sources.tflite import tflite_dangers
from onnxfi.errors import ModelFormatError

logger = logging.getLogger(__name__)

_MOST_NAMED = 5
_LONGEST = 200


def require_safe(source: Path, *, unsafe: bool) -> None:
    """Refuse a source that does more than compute when TensorFlow loads and runs it.

    Args:
        source: a .h5, .keras or .tflite file, or a SavedModel folder.
        unsafe: whether the user trusts the source; dangers are then only logged.

    Raises:
        ModelFormatError: the source holds code, refers to other files, holds weights only, or
            cannot be read.
    """
    if source.is_dir() and kind_of(source) is None:
        raise ModelFormatError(
            f"A folder must hold a SavedModel to be converted, but {source} has no "
            "saved_model.pb. Name the folder that has it."
        )
    if kind_of(source) in (SourceKind.KERAS, None) and read_stored_configuration(source) is None:
        raise ModelFormatError(
            f"Keras must get a whole model, but {source} holds weights only. "
            "Use --route native with --architecture."
        )
    dangers = dangers_of(source)
    if not dangers:
        return
    named = join_dangers(dangers)
    if not unsafe:
        raise ModelFormatError(
            f"A model must be plain data to be loaded without trust, but {source} holds {named}. "
            "If you trust where it came from, pass --unsafe."
        )
    logger.warning("Running unsafe: TensorFlow loads and runs %s, which holds %s.", source, named)


def join_dangers(dangers: Sequence[str]) -> str:
    """Return dangers as one text of a readable length."""
    named = "; ".join(danger[:_LONGEST] for danger in dangers[:_MOST_NAMED])
    more = len(dangers) - _MOST_NAMED
    return f"{named}; and {more} more" if more > 0 else named


def dangers_of(source: Path) -> list[str]:
    """Return the dangers of loading a source, in words for a message.

    Raises:
        ModelFormatError: the source is damaged.
    """
    kind = kind_of(source)
    if kind == SourceKind.SAVED_MODEL:
        return saved_model_dangers(source)
    if kind == SourceKind.TFLITE:
        return tflite_dangers(source)
    archive = is_archive(source)
    dangers = archive_dangers(source) if archive else []
    configuration = read_stored_configuration(source)
    if configuration is not None:
        dangers += configuration_dangers(configuration)
    if archive:
        with unpacked_weights(source) as weights, open_hdf5(weights, part_of=source) as file:
            return dangers + hdf5_dangers(file)
    with open_hdf5(source) as file:
        return dangers + hdf5_dangers(file)
