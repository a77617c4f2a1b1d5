"""Writes the whole model that a weights-only file and its architecture describe.

Keras loads whole models; this joins the two, in the layout of the weights, without a look at them.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py

from onnxfi.converters.keras_files.archive import unpacked_weights, write_archive
from onnxfi.converters.keras_files.file import FileKind, open_keras_file
from onnxfi.converters.keras_files.hdf5 import open_hdf5

# Where Keras looks for the outermost class of an archive; the JSON of Keras 2 does not say.
_MODULES = {
    (2, "Functional"): "tf_keras.src.engine.functional",
    (2, "Sequential"): "tf_keras.src.engine.sequential",
    (3, "Functional"): "keras.src.models.functional",
    (3, "Sequential"): "keras.src.models.sequential",
}


def write_whole_model(weights: Path, architecture: Path, folder: Path) -> Path:
    """Write a .h5 or a .keras file and return its path.

    Args:
        weights: a file of any kind; only its weights are used.
        architecture: JSON of ``model.to_json()``.
        folder: where to write.

    Raises:
        ModelFormatError: one of the files is missing or damaged.
    """
    with open_keras_file(weights, architecture) as file:
        kind, version, configuration = file.kind, file.keras_version, file.configuration
        major = file.keras_major
    if kind in (FileKind.MODEL, FileKind.NAMED_WEIGHTS):
        return _write_h5(folder / "model.h5", weights, configuration, version)
    module = _MODULES.get((major, str(configuration["class_name"])))
    text = json.dumps({"module": module, "registered_name": None, **configuration})
    whole = folder / "model.keras"
    if kind == FileKind.ARCHIVE:
        with unpacked_weights(weights) as inside:
            write_archive(whole, text, version, inside)
    else:
        write_archive(whole, text, version, weights)
    return whole


def _write_h5(whole: Path, weights: Path, configuration: Mapping[str, Any], version: str) -> Path:
    with open_hdf5(weights) as file, h5py.File(whole, "w") as joined:
        source = file.root
        if "model_weights" in source:
            source = file.member(source, "model_weights")
        group = joined.create_group("model_weights")
        for name in source:
            source.copy(file.member(source, name), group, name)
        group.attrs.update(source.attrs)
        joined.attrs["model_config"] = json.dumps(configuration)
        joined.attrs["keras_version"] = version
    return whole
