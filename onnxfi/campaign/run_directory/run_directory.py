"""The folder of one campaign: its configuration, its manifest and its records."""

import json
import platform
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import onnx
import onnxruntime
import pyarrow as pa

from onnxfi.atomic_write import PARTIAL
from onnxfi.campaign.configuration import Configuration
from onnxfi.campaign.planning.plan import Shard
from onnxfi.campaign.records.record_files import FOLDER, count_records, record_files, write_records
from onnxfi.campaign.run_directory.fingerprints import fingerprints, relevant_keys
from onnxfi.campaign.run_directory.kept_metric import (
    KeptSources,
    changed_files,
    keep_metric,
    take_mended,
)
from onnxfi.campaign.running.exactness import TOLERANCES
from onnxfi.campaign.storage import LocalStorage, RemoteStorage, open_storage
from onnxfi.errors import ConfigurationError
from onnxfi.graph import Model
from onnxfi.graph.noise import describe_noise
from onnxfi.runtime.processor import processor
from onnxfi.surgery.noise import noise_nodes

_MANIFEST = "manifest.json"
_CONFIGURATION = "campaign.yaml"
_MANIFEST_KEYS = {
    "run_id",
    "injections",
    "seed",
    "provider",
    "model",
    "inputs",
    "error_models",
    "configuration",
    "configuration_keys",
    "versions",
}


@dataclass(frozen=True, slots=True)
class RunDirectory:
    """The folder of one campaign.

    Attributes:
        storage: the folder, or the remote place.
        configuration: the configuration as resolved (``campaign.yaml``).
        manifest: what the records depend on (``manifest.json``): hashes, versions, seed.
    """

    storage: LocalStorage | RemoteStorage
    configuration: Configuration
    manifest: dict[str, Any]

    @property
    def place(self) -> str:
        """The path or the address, as `open` takes it."""
        return str(self.storage)

    @property
    def path(self) -> Path:
        """The folder's path.

        Raises:
            ConfigurationError: it is no local folder.
        """
        if not isinstance(self.storage, LocalStorage):
            raise ConfigurationError(
                f"This needs a run directory in a local folder, and {self.storage} is an address. "
                "Copy it here first."
            )
        return self.storage.path

    @property
    def records(self) -> Path:
        """The folder of the Parquet files, where the run directory is local."""
        return self.path / FOLDER

    @property
    def recorded(self) -> int:
        """Number of injections whose records are there.

        Raises:
            ConfigurationError: a records file is damaged.
        """
        return count_records(self.storage)

    def write(self, shard: Shard, table: pa.Table) -> None:
        """Write the records of a shard.

        Raises:
            ConfigurationError: they cannot be written.
        """
        about = {
            "run": str(self.manifest["run_id"]),
            "shard": f"{shard.first}-{shard.first + shard.count - 1}",
            "model": str(self.manifest["model"]),
        }
        write_records(table, self.storage, shard.file_name, about=about)

    def files(self) -> list[str]:
        """Return the names of the records files, in the order of the injections."""
        return record_files(self.storage)

    def finished(self) -> list[range]:
        """Return the ids in each records file, as its name tells."""
        return [_ids(name) for name in self.files()]

    def clean(self) -> None:
        """Remove what writes left behind that were cut off; no process may be writing."""
        try:
            for name in self.storage.names(FOLDER):
                if name.endswith(PARTIAL):
                    self.storage.remove(f"{FOLDER}/{name}")
        except OSError as error:
            raise ConfigurationError(
                f"A run directory must be writable, and {self.storage} is not: {error}."
            ) from error

    @classmethod
    def create(
        cls,
        place: str | Path,
        configuration: Configuration,
        *,
        model: Model,
        injections: int,
        provider: str,
        differences: Mapping[str, float],
    ) -> Self:
        """Make the folder of a new campaign.

        Args:
            place: the folder, or an address such as ``s3://bucket/run``.
            configuration: the configuration as resolved.
            model: the model that the configuration names.
            injections: number of injections that the campaign plans.
            provider: where the tensors are computed.
            differences: the largest difference of golden outputs from the whole model's answer,
                by target.

        Raises:
            ConfigurationError: the folder already holds a campaign, or cannot be written.
        """
        storage = open_storage(place)
        manifest: dict[str, Any] = {
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
            "exactness": {"tolerances": dict(TOLERANCES), "largest_differences": dict(differences)},
        }
        try:
            if storage.exists(_MANIFEST):
                raise ConfigurationError(
                    f"A new campaign needs a folder without one, and {place} holds a campaign. "
                    f"Go on with it by `onnxfi campaign resume {place}`, or give another --out."
                )
            if record_files(storage):
                raise ConfigurationError(
                    f"A new campaign needs a folder without records, and {storage}/{FOLDER} holds "
                    "some that belong to no campaign. Move them away, or give another --out."
                )
            storage.write(_CONFIGURATION, configuration.to_yaml().encode())
            manifest["metric"] = keep_metric(storage, configuration.metric.metric)
            # Last, whole or not at all: a folder with a manifest is a campaign.
            storage.write(_MANIFEST, _manifest_text(manifest))
        except OSError as error:
            raise ConfigurationError(
                f"The folder of a campaign must be writable, and {place} is not: {error}."
            ) from error
        return cls(storage, configuration, manifest)

    @classmethod
    def open(cls, place: str | Path) -> Self:
        """Open the folder of a campaign that was begun.

        Raises:
            ConfigurationError: the folder holds no campaign.
        """
        storage = open_storage(place)
        try:
            manifest = json.loads(storage.read(_MANIFEST))
            said = storage.read(_CONFIGURATION).decode()
        except FileNotFoundError as error:
            missing = _CONFIGURATION if storage.exists(_MANIFEST) else _MANIFEST
            there = isinstance(storage, RemoteStorage) or storage.path.exists()
            raise ConfigurationError(
                f"A run directory must hold a {missing}, and {place} "
                f"{'holds none' if there else 'does not exist'}. "
                "Make one with `onnxfi campaign run CONFIG.yaml`."
            ) from error
        except (OSError, ValueError) as error:
            raise ConfigurationError(
                f"A run directory must hold a readable {_MANIFEST} and {_CONFIGURATION}, and "
                f"{place} does not: {error}."
            ) from error
        if not isinstance(manifest, dict) or not manifest.keys() >= _MANIFEST_KEYS:
            raise ConfigurationError(
                f"A manifest.json must hold the keys {', '.join(sorted(_MANIFEST_KEYS))}, and "
                f"{storage}/{_MANIFEST} does not: it was not written by onnxfi, or was changed."
            )
        folder = storage.path if isinstance(storage, LocalStorage) else Path.cwd()
        name = f"{storage}/{_CONFIGURATION}"
        configuration = Configuration.from_text(
            said, name, folder=folder, metric_code=KeptSources(storage)
        )
        return cls(storage, configuration, manifest)

    def with_mended_metric(self) -> Self:
        """Return the run directory with the code of a metric that failed and was changed since.

        Raises:
            OnnxfiError: the changed metric cannot be loaded.
        """
        told = self.manifest.get("metric", {})
        taken = take_mended(told, self.storage, self.configuration.metric.load)
        if not taken:
            return self
        manifest = {**self.manifest, "metric": taken}
        self.storage.write(_MANIFEST, _manifest_text(manifest))
        return type(self)(self.storage, self.configuration, manifest)

    def check_unchanged(self, model: Model) -> None:
        """Check that what the records depend on is what it was.

        Args:
            model: the model that the configuration names.

        Raises:
            ConfigurationError: the model, the inputs, a file of an error model or the configuration
                changed; says which, and of the configuration what.
        """
        for what, fingerprint in fingerprints(self.configuration, model).items():
            was = self.manifest.get(what)
            if was == fingerprint:
                continue
            changes = f"it was {was}, and is {fingerprint}"
            if what == "configuration":
                changes = self._changed_keys() or changes
            raise ConfigurationError(
                f"A campaign resumes only with what it began with, and the "
                f"{what.replace('_', ' ')} changed since: {changes}. Put it back, or run a new "
                "campaign."
            )

        told = self.manifest.get("metric", {})
        changed = changed_files(told, self.storage, self.configuration.metric.metric)
        if changed:
            raise ConfigurationError(
                f"A campaign resumes only with what it began with, and {', '.join(changed)} of the "
                f"metric {told['name']} changed since. Put it back, or run a new campaign."
            )

    def _changed_keys(self) -> str:
        before = self.manifest["configuration_keys"]
        now = relevant_keys(self.configuration)
        return "; ".join(
            f"{key} was {before.get(key, 'not given')} and is {now.get(key, 'not given')}"
            for key in dict.fromkeys([*before, *now])
            if before.get(key) != now.get(key)
        )


def _manifest_text(manifest: dict[str, Any]) -> bytes:
    return (json.dumps(manifest, indent=2) + "\n").encode()


def _ids(file_name: str) -> range:
    """Return the ids that a records file's name tells of."""
    first, _, last = file_name.removesuffix(".parquet").partition("-")
    if not (first.isdecimal() and last.isdecimal()):
        raise ConfigurationError(
            f"The files in {FOLDER} must be those of a campaign, and {file_name} is none. Move it "
            "away."
        )
    return range(int(first), int(last) + 1)


def _versions() -> dict[str, str]:
    import onnxfi

    return {
        "onnxfi": onnxfi.__version__,
        "onnx": onnx.__version__,
        "onnxruntime": onnxruntime.__version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
    }
