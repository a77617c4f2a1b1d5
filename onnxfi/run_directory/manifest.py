"""Makes, writes and reads the manifest: what the records of a campaign depend on."""

import json
import platform
import uuid
from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx

from onnxfi.configuration import Configuration
from onnxfi.errors import ConfigurationError
from onnxfi.graph import Model, describe_noise
from onnxfi.run_directory.fingerprints import fingerprints, relevant_keys
from onnxfi.run_directory.kept_metric import changed_files
from onnxfi.run_directory.stored_documents import StoredManifest, parse_document
from onnxfi.runtime import processor
from onnxfi.storage import Storage
from onnxfi.surgery import noise_nodes

MANIFEST = "manifest.json"


def make_manifest(
    configuration: Configuration,
    *,
    model: Model,
    injections: int,
    provider: str,
    exactness: Mapping[str, Any],
) -> dict[str, Any]:
    """Return the manifest of a new campaign, without its metric.

    Args:
        configuration: the configuration as resolved.
        model: the model that the configuration names.
        injections: number of planned injections.
        provider: the execution provider.
        exactness: tolerances and largest differences of golden outputs, see `rehearse`.
    """
    return {
        "run_id": uuid.uuid4().hex,
        "injections": injections,
        "seed": configuration.seed,
        "provider": provider,
        "noise": list(map(describe_noise, noise_nodes(model))),
        "limits": configuration.execution.limits.model_dump(),
        **fingerprints(configuration, model),
        "configuration_keys": relevant_keys(configuration),
        "versions": _versions(),
        "processor": processor(),
        "exactness": dict(exactness),
        **({"alarms": list(model.alarms)} if model.alarms else {}),
    }


def write_manifest(storage: Storage, manifest: Mapping[str, Any]) -> None:
    """Write a manifest, atomically.

    Raises:
        OSError: it cannot be written.
    """
    storage.write(MANIFEST, (json.dumps(manifest, indent=2) + "\n").encode())


def read_manifest(storage: Storage) -> dict[str, Any]:
    """Read a manifest.

    Raises:
        OSError: there is none, or it cannot be read.
        ConfigurationError: it is not JSON, or keys are missing or have values of a wrong type.
    """
    content = storage.read(MANIFEST)
    try:
        return parse_document(content, StoredManifest)
    except ValueError as error:
        raise ConfigurationError(
            f"{storage}/{MANIFEST} was not written by onnxfi, or was changed: {error}. Restore it, "
            "or run the campaign again."
        ) from error


def check_unchanged(
    manifest: Mapping[str, Any], configuration: Configuration, model: Model, storage: Storage
) -> None:
    """Check that everything the records depend on is the same as in a manifest.

    Args:
        manifest: the manifest.
        configuration: the present configuration.
        model: the model that the configuration names.
        storage: the run directory, which keeps the code of a metric.

    Raises:
        ConfigurationError: the model, the inputs, a file of an error model, the configuration or
            the code of the metric changed; the message names it.
    """
    for part, fingerprint in fingerprints(configuration, model).items():
        before = manifest.get(part)
        if before == fingerprint:
            continue
        changes = f"{before} before, {fingerprint} now"
        if part == "configuration":
            changes = _changed_keys(manifest, configuration) or changes
        raise ConfigurationError(
            f"The {part.replace('_', ' ')} changed since the campaign began: {changes}. A campaign "
            "resumes only unchanged. Restore it, or run a new campaign."
        )
    entry = manifest.get("metric", {})
    changed = changed_files(entry, storage, configuration.metric.metric)
    if changed:
        raise ConfigurationError(
            f"{', '.join(changed)} of the metric {entry['name']} changed since the campaign began. "
            "A campaign resumes only unchanged. Restore it, or run a new campaign."
        )


def _changed_keys(manifest: Mapping[str, Any], configuration: Configuration) -> str:
    before = manifest["configuration_keys"]
    now = relevant_keys(configuration)
    return "; ".join(
        f"{key} was {before.get(key, 'not given')} and is {now.get(key, 'not given')}"
        for key in dict.fromkeys([*before, *now])
        if before.get(key) != now.get(key)
    )


def _versions() -> dict[str, str]:
    import onnxruntime  # slow to import, and needed to begin a campaign only

    import onnxfi

    return {
        "onnxfi": onnxfi.__version__,
        "onnx": onnx.__version__,
        "onnxruntime": onnxruntime.__version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
    }
