"""Keeps the code of a user's metric in the run directory."""

import hashlib
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from onnxfi.campaign.storage import Storage
from onnxfi.injector.metrics import KEPT_FOLDER, FolderSources, Metric, OwnMetric, Sources

_FAILURE = f"{KEPT_FOLDER}/failure.txt"
_logger = logging.getLogger("onnxfi")


@dataclass(frozen=True, slots=True)
class KeptSources:
    """The code that a run directory keeps."""

    storage: Storage

    @property
    def folder(self) -> str:
        """The folder, as messages and tracebacks call it."""
        return f"{self.storage}/{KEPT_FOLDER}"

    def names(self) -> Iterable[str]:
        """Return the names of the files at the top."""
        return [x for x in self.storage.names(KEPT_FOLDER) if x.endswith(".py")]

    def read(self, name: str) -> bytes | None:
        """Return what a file holds; None if there is none."""
        try:
            return self.storage.read(f"{KEPT_FOLDER}/{name}")
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            return None


def keep_metric(storage: Storage, metric: Metric) -> dict[str, Any]:
    """Write the code of a metric into a run directory.

    Returns:
        An entry of the manifest: the name of the metric; the hashes of its files; and the folder
        that they came from, null for an installed package, which is not copied. It is empty for a
        metric of onnxfi's.
    """
    if not isinstance(metric, OwnMetric):
        return {}
    if metric.folder is not None:
        for name, content in metric.files.items():
            storage.write(f"{KEPT_FOLDER}/{name}", content)
    files = {name: _sha256(content) for name, content in metric.files.items()}
    return {"name": metric.name, "folder": metric.folder, "files": files}


def changed_files(told: Mapping[str, Any], storage: Storage, metric: Metric) -> list[str]:
    """Return the files of a metric that are not what they were when the campaign began.

    Args:
        told: the manifest's entry of the metric; empty for a metric of onnxfi's.
        storage: the run directory.
        metric: the metric as it is now.
    """
    if not told:
        return []
    if told["folder"] is not None:
        return _differing(told, KeptSources(storage).read)
    files = metric.files if isinstance(metric, OwnMetric) else {}
    return _differing(told, files.get)


def note_failure(storage: Storage, message: str) -> None:
    """Note that the metric failed, so that a mended one is taken when the campaign is resumed."""
    storage.write(_FAILURE, f"{message}\n".encode())


def forget_failure(storage: Storage) -> None:
    """Remove the note, if there is one."""
    storage.remove(_FAILURE)


def take_mended(
    told: Mapping[str, Any], storage: Storage, load: Callable[[Sources], Metric]
) -> dict[str, Any]:
    """Take over the code of a metric that failed and was changed since.

    The code may have been changed in the run directory, or where it came from. Without a failure
    the code that the run directory keeps is used.

    Args:
        told: the manifest's entry of the metric; empty for a metric of onnxfi's.
        storage: the run directory.
        load: loads the metric from sources.

    Returns:
        The new entry of the manifest, empty if nothing was taken over.
    """
    if not told or told["folder"] is None:
        return {}
    kept, original = KeptSources(storage), FolderSources(Path(told["folder"]))
    edited = [x for x in _differing(told, original.read) if original.read(x) is not None]
    if not storage.exists(_FAILURE):
        if edited:
            _logger.warning(
                "%s keeps its own copy of the metric %s. %s in %s changed since, and is not used.",
                storage,
                told["name"],
                ", ".join(edited),
                original.folder,
            )
        return {}
    if _differing(told, kept.read):
        metric = load(kept)
    elif edited:
        metric = load(original)
    else:
        return {}
    new = keep_metric(storage, metric)
    _logger.warning(
        "The metric %s failed and was changed since. The records so far stay as they are; the "
        "changed metric decides the other injections.",
        told["name"],
    )
    forget_failure(storage)
    earlier = [*told.get("earlier", ()), told["files"]]
    return {**new, "folder": told["folder"], "earlier": earlier}


def _differing(told: Mapping[str, Any], read: Callable[[str], bytes | None]) -> list[str]:
    """Return the files that are missing, or hold something else than the manifest says."""
    return [x for x, digest in told["files"].items() if _sha256(read(x) or b"") != digest]


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
