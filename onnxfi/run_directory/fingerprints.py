"""Computes fingerprints of everything that the records of a campaign depend on."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from onnxfi.configuration import Configuration, ExecutionLimits, input_files
from onnxfi.errors import ConfigurationError
from onnxfi.graph import Model
from onnxfi.regular_file import open_regular

# Bytes that are read at once.
_CHUNK = 1 << 20


def fingerprints(configuration: Configuration, model: Model) -> dict[str, str]:
    """Return the hashes of the model, the inputs, the error models' files and the configuration.

    Args:
        configuration: the configuration as resolved.
        model: the model that the configuration names.

    Raises:
        ConfigurationError: a file cannot be read.
    """
    # Python's JSON distinguishes NaN and the infinities; pydantic's does not.
    text = json.dumps(_relevant(configuration))
    return {
        "model": _sha256(*model.files),
        "inputs": _sha256_of_inputs(input_files(configuration.inputs)),
        "error_models": _sha256(*configuration.fault_files),
        "configuration": hashlib.sha256(text.encode()).hexdigest(),
    }


def relevant_keys(configuration: Configuration) -> dict[str, str]:
    """Return the settings that the records depend on, as text, by ``injections.per_target`` etc."""
    return dict(_flatten(_relevant(configuration)))


def _relevant(configuration: Configuration) -> dict[str, Any]:
    # How and where a campaign runs changes no record. Files count by their content.
    relevant = configuration.model_dump(mode="json")
    limits = configuration.execution.limits
    if limits != ExecutionLimits():  # they decide outcomes; older manifests lack them
        relevant["limits"] = limits.model_dump()
    injections = relevant["injections"]  # older manifests lack these keys
    if injections["sampling"] == "uniform":
        del injections["sampling"]
    if injections.pop("list") is None:
        del injections["columns"], injections["layout"]
    if injections["until"] is not None and injections["until"]["relative"] is None:
        del injections["until"]["relative"]
    for place in ("execution", "statistics", "out", "model", "error_models"):
        del relevant[place]
    del relevant["inputs"]["file"]
    if isinstance(relevant["inputs"]["labels"], dict):
        relevant["inputs"]["labels"].pop("file")
    for entry in relevant["targets"] if isinstance(relevant["targets"], list) else ():
        del entry["error_model"]
    relevant["error_models"] = [entry.label for entry in configuration.error_model_entries]
    return relevant


def _flatten(value: Any, place: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from _flatten(inner, f"{place}.{key}" if place else key)
    elif value is not None:
        yield place, json.dumps(value)


def _sha256_of_inputs(files: Sequence[Path]) -> str:
    """Return the hash of one file, or the hash of the hashes of several."""
    if len(files) == 1:
        return _sha256(*files)
    return hashlib.sha256("\n".join(map(_sha256, files)).encode()).hexdigest()


def _sha256(*files: Path) -> str:
    """Return the hash of the concatenated files."""
    digest = hashlib.sha256()
    try:
        for path in files:
            with open_regular(path) as file:
                while chunk := file.read(_CHUNK):
                    digest.update(chunk)
    except OSError as error:
        raise ConfigurationError(f"A file of the campaign cannot be read: {error}.") from error
    return digest.hexdigest()
