"""The folder of one campaign: its configuration, its manifest and its records."""

import hashlib
import json
import platform
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import onnx
import onnxruntime

from onnxfi.campaign.configuration import Configuration
from onnxfi.campaign.plan import Shard
from onnxfi.campaign.records import count_records
from onnxfi.errors import ConfigurationError
from onnxfi.graph import Model
from onnxfi.whole_file import whole_file

_CHUNK = 1 << 20
_MANIFEST_KEYS = {
    "run_id",
    "injections",
    "seed",
    "provider",
    "model",
    "inputs",
    "error_models",
    "configuration",
    "versions",
}


@dataclass(frozen=True, slots=True)
class RunDirectory:
    """The folder of one campaign.

    Attributes:
        path: the folder.
        configuration: the configuration as resolved (``campaign.yaml``).
        manifest: what the records depend on (``manifest.json``): hashes, versions, seed.
    """

    path: Path
    configuration: Configuration
    manifest: dict[str, Any]

    @property
    def records(self) -> Path:
        """The folder of the Parquet files."""
        return self.path / "records"

    @property
    def recorded(self) -> int:
        """Number of injections whose records are there.

        Raises:
            ConfigurationError: a records file is damaged.
        """
        return count_records(self.path)

    def is_done(self, shard: Shard) -> bool:
        """Return whether the records of a shard are there."""
        return (self.records / shard.file_name).exists()

    @classmethod
    def create(
        cls,
        path: Path,
        configuration: Configuration,
        *,
        model: Model,
        injections: int,
        provider: str,
    ) -> Self:
        """Make the folder of a new campaign.

        Args:
            path: the folder.
            configuration: the configuration as resolved.
            model: the model that the configuration names.
            injections: number of injections that the campaign plans.
            provider: where the tensors are computed.

        Raises:
            ConfigurationError: the folder already holds a campaign, or cannot be written.
        """
        if (path / "manifest.json").exists():
            raise ConfigurationError(
                f"A new campaign needs a folder without one, and {path} holds a campaign. "
                f"Go on with it by `onnxfi campaign resume {path}`, or give another --out."
            )
        if any((path / "records").glob("*.parquet")):
            raise ConfigurationError(
                f"A new campaign needs a folder without records, and {path / 'records'} holds "
                "some that belong to no campaign. Move them away, or give another --out."
            )
        manifest: dict[str, Any] = {
            "run_id": uuid.uuid4().hex,
            "injections": injections,
            "seed": configuration.seed,
            "provider": provider,
            **_fingerprints(configuration, model),
            "versions": _versions(),
        }
        try:
            (path / "records").mkdir(parents=True, exist_ok=True)
            (path / "campaign.yaml").write_text(configuration.to_yaml(), encoding="utf-8")
            # Last, whole or not at all: a folder with a manifest is a campaign.
            with whole_file(path / "manifest.json") as aside:
                aside.write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
        except OSError as error:
            raise ConfigurationError(
                f"The folder of a campaign must be writable, and {path} is not: {error}."
            ) from error
        return cls(path, configuration, manifest)

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open the folder of a campaign that was begun.

        Raises:
            ConfigurationError: the folder holds no campaign.
        """
        file = path / "manifest.json"
        if not path.exists() or (path.is_dir() and not file.exists()):
            raise ConfigurationError(
                f"A run directory must hold a manifest.json, and {path} "
                f"{'holds none' if path.exists() else 'does not exist'}. "
                "Make one with `onnxfi campaign run CONFIG.yaml`."
            )
        try:
            manifest = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise ConfigurationError(
                f"A run directory must hold a readable manifest.json, and {path} does not: {error}."
            ) from error
        if not isinstance(manifest, dict) or not manifest.keys() >= _MANIFEST_KEYS:
            raise ConfigurationError(
                f"A manifest.json must hold the keys {', '.join(sorted(_MANIFEST_KEYS))}, and "
                f"{file} does not: it was not written by onnxfi, or was changed."
            )
        return cls(path, Configuration.from_yaml(path / "campaign.yaml"), manifest)

    def check_unchanged(self, model: Model) -> None:
        """Check that what the records depend on is what it was.

        Args:
            model: the model that the configuration names.

        Raises:
            ConfigurationError: the model, the inputs or the configuration changed; says which.
        """
        for what, fingerprint in _fingerprints(self.configuration, model).items():
            if self.manifest.get(what) != fingerprint:
                raise ConfigurationError(
                    f"A campaign resumes only with what it began with, and the {what} changed "
                    f"since: it was {self.manifest.get(what)}, and is {fingerprint}. Put it back, "
                    "or run a new campaign."
                )


def _fingerprints(configuration: Configuration, model: Model) -> dict[str, str]:
    # Where and how fast a campaign runs changes no record; the files count by what they hold.
    relevant = configuration.model_dump(mode="json")
    for place in ("execution", "out", "model", "error_models"):
        del relevant[place]
    del relevant["inputs"]["file"]
    for entry in relevant["targets"] if isinstance(relevant["targets"], list) else ():
        del entry["error_model"]
    entries = configuration.error_model_entries
    relevant["error_models"] = [entry.label for entry in entries]
    # Python's JSON tells NaN and infinities apart, and pydantic's does not.
    text = json.dumps(relevant)
    return {
        "model": _sha256(*model.files),
        "inputs": _sha256(configuration.inputs.file),
        "error_models": _sha256(*(path for entry in entries for path in entry.files)),
        "configuration": hashlib.sha256(text.encode()).hexdigest(),
    }


def _sha256(*files: Path) -> str:
    """Return the hash of the files' contents, one after the other."""
    digest = hashlib.sha256()
    try:
        for path in files:
            with path.open("rb") as file:
                while chunk := file.read(_CHUNK):
                    digest.update(chunk)
    except OSError as error:
        raise ConfigurationError(f"A campaign's file cannot be read: {error}.") from error
    return digest.hexdigest()


def _versions() -> dict[str, str]:
    import onnxfi

    return {
        "onnxfi": onnxfi.__version__,
        "onnx": onnx.__version__,
        "onnxruntime": onnxruntime.__version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
    }
