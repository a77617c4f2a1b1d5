"""Keeps the code of a user's metric in the run directory."""

import hashlib
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from onnxfi.injector.metrics import KEPT_FOLDER, FolderSources, Metric, OwnMetric, Sources
from onnxfi.storage import Storage

_FAILURE = f"{KEPT_FOLDER}/failure.txt"
_logger = logging.getLogger("onnxfi")


@dataclass(frozen=True, slots=True)
class KeptSources:
    """The metric's code that a run directory keeps."""

    storage: Storage

    @property
    def folder(self) -> str:
        """The folder, as messages and tracebacks show it."""
        return f"{self.storage}/{KEPT_FOLDER}"

    def names(self) -> Iterable[str]:
        """Return the names of the files in the folder."""
        return [x for x in self.storage.names(KEPT_FOLDER) if x.endswith(".py")]

    def read(self, name: str) -> bytes | None:
        """Return the content of a file; None if it does not exist."""
        try:
            return self.storage.read(f"{KEPT_FOLDER}/{name}")
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            return None


def keep_metric(storage: Storage, metric: Metric) -> dict[str, Any]:
    """Write the code of a metric into a run directory.

    Returns:
        An entry of the manifest: the name of the metric, the hashes of its files, and their
        original folder. The folder is null for an installed package, which is not copied. The
        entry is empty for a built-in metric.
    """
    if not isinstance(metric, OwnMetric):
        return {}
    if metric.folder is not None:
        for name, content in metric.files.items():
            storage.write(f"{KEPT_FOLDER}/{name}", content)
    files = {name: _sha256(content) for name, content in metric.files.items()}
    return {"name": metric.name, "folder": metric.folder, "files": files}


def changed_files(entry: Mapping[str, Any], storage: Storage, metric: Metric) -> list[str]:
    """Return the files of a metric that changed since the campaign began.

    Args:
        entry: the manifest's entry of the metric; empty for a built-in metric.
        storage: the run directory.
        metric: the present metric.
    """
    if not entry:
        return []
    if entry["folder"] is not None:
        return _differing(entry, KeptSources(storage).read)
    files = metric.files if isinstance(metric, OwnMetric) else {}
    return _differing(entry, files.get)


def note_failure(storage: Storage, message: str) -> None:
    """Note that the metric failed, so that `resume` takes a corrected one."""
    storage.write(_FAILURE, f"{message}\n".encode())


def forget_failure(storage: Storage) -> None:
    """Remove the note of a failure, if there is one."""
    storage.remove(_FAILURE)


def take_mended(
    entry: Mapping[str, Any], storage: Storage, load: Callable[[Sources], Metric]
) -> dict[str, Any]:
    """Take over the code of a metric that failed and was changed since.

    The change may be in the run directory or in the original folder. Without a failure, the code in
    the run directory is used.

    Args:
        entry: the manifest's entry of the metric; empty for a built-in metric.
        storage: the run directory.
        load: loads the metric from sources.

    Returns:
        The new entry of the manifest; empty if nothing was taken over.
    """
    if not entry or entry["folder"] is None:
        return {}
    kept, original = KeptSources(storage), FolderSources(Path(entry["folder"]))
    edited = [x for x in _differing(entry, original.read) if original.read(x) is not None]
    if not storage.exists(_FAILURE):
        if edited:
            _logger.warning(
                "%s keeps a copy of the metric %s and uses it. Changes of %s in %s are ignored.",
                storage,
                entry["name"],
                ", ".join(edited),
                original.folder,
            )
        return {}
    if _differing(entry, kept.read):
        metric = load(kept)
    elif edited:
        metric = load(original)
    else:
        return {}
    new = keep_metric(storage, metric)
    _logger.warning(
        "The metric %s failed and was changed since. Existing records are kept; the changed metric "
        "decides the remaining injections.",
        entry["name"],
    )
    forget_failure(storage)
    earlier = [*entry.get("earlier", ()), entry["files"]]
    return {**new, "folder": entry["folder"], "earlier": earlier}


def _differing(entry: Mapping[str, Any], read: Callable[[str], bytes | None]) -> list[str]:
    """Return the files that are missing, or differ from the manifest's hashes."""
    return [x for x, digest in entry["files"].items() if _sha256(read(x) or b"") != digest]


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
