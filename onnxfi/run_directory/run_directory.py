"""Creates and opens run directories: configuration, manifest and records of a campaign."""

import contextlib
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import pyarrow as pa

from onnxfi.atomic_write import PARTIAL
from onnxfi.configuration import Configuration
from onnxfi.errors import ConfigurationError
from onnxfi.graph import Model
from onnxfi.injector.metrics import KEPT_FOLDER
from onnxfi.run_directory.heartbeat import Claim
from onnxfi.run_directory.kept_metric import KeptSources, keep_metric, take_mended
from onnxfi.run_directory.manifest import (
    MANIFEST,
    check_unchanged,
    make_manifest,
    read_manifest,
    write_manifest,
)
from onnxfi.run_directory.record_files import (
    FOLDER,
    bad_files,
    count_records,
    record_files,
    set_bad_files_aside,
    write_records,
)
from onnxfi.run_directory.schema import make_schema
from onnxfi.run_directory.shard import Shard
from onnxfi.run_directory.shard_checks import ids_of
from onnxfi.storage import LOCK, LocalStorage, RemoteStorage, Storage, display_path, open_storage

_CONFIGURATION = "campaign.yaml"
#: The file that marks a campaign whose strata have all ended. Its name is part of the format.
STOPPED_EARLY = "enough"


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
        """The path or address, as `open` takes it."""
        return str(self.storage)

    @property
    def path(self) -> Path:
        """The path of the folder.

        Raises:
            ConfigurationError: the run directory is not local.
        """
        if not isinstance(self.storage, LocalStorage):
            raise ConfigurationError(
                f"{self.storage} is an address, and a local folder is needed. Copy the run "
                "directory here first."
            )
        return self.storage.path

    @property
    def records(self) -> Path:
        """The folder of the Parquet files of a local run directory."""
        return self.path / FOLDER

    @property
    def recorded(self) -> int:
        """Number of recorded injections.

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
        """Return the ids in each records file, from its name."""
        return [ids_of(name) for name in self.files()]

    def bad_files(self) -> Iterator[tuple[str, str]]:
        """Yield the names of records files that are not as they were written, with the reasons."""
        return bad_files(self.storage, str(self.manifest["run_id"]), self._schema())

    def _schema(self) -> pa.Schema | None:
        """Return the columns of the records; None where a metric was mended, with other columns."""
        if self.manifest.get("metric", {}).get("earlier"):
            return None
        injections = self.configuration.injections
        return make_schema(
            self.configuration.metric.metric.column_types,
            scored=injections.sampling == "severity",
            listed=injections.list is not None,
            flagged=bool(self.manifest.get("alarms")),
        )

    def clean(self) -> list[str]:
        """Remove the remains of interrupted writes, and set damaged records files aside.

        No process may be writing.

        Returns:
            a message for each file that is set aside.

        Raises:
            ConfigurationError: the run directory is not writable.
        """
        try:
            for name in self.storage.names(FOLDER):
                if name.endswith(PARTIAL):
                    self.storage.remove(f"{FOLDER}/{name}")
            run_id = str(self.manifest["run_id"])
            return set_bad_files_aside(self.storage, run_id, self._schema())
        except OSError as error:
            raise ConfigurationError(f"{self.storage} is not writable: {error}.") from error

    @classmethod
    def create(
        cls,
        place: str | Path,
        configuration: Configuration,
        *,
        model: Model,
        injections: int,
        provider: str,
        exactness: Mapping[str, Any],
    ) -> Self:
        """Create the folder of a new campaign.

        Args:
            place: the folder, or an address such as ``s3://bucket/run``.
            configuration: the configuration as resolved.
            model: the model that the configuration names.
            injections: number of planned injections.
            provider: the execution provider.
            exactness: tolerances and largest differences of golden outputs, see `rehearse`.

        Raises:
            ConfigurationError: the folder already holds a campaign, or cannot be written.
        """
        storage = open_storage(place)
        manifest = make_manifest(
            configuration,
            model=model,
            injections=injections,
            provider=provider,
            exactness=exactness,
        )
        # Two campaigns that start at once must not mix their files.
        with Claim(storage):
            try:
                _check_empty(storage)
                with _undone_on_failure(storage):
                    storage.write(_CONFIGURATION, configuration.to_yaml().encode())
                    manifest["metric"] = keep_metric(storage, configuration.metric.metric)
                    # The manifest comes last: a folder with a manifest is a campaign.
                    write_manifest(storage, manifest)
            except OSError as error:
                raise ConfigurationError(f"{place} is not writable: {error}.") from error
        return cls(storage, configuration, manifest)

    def discard(self) -> None:
        """Remove a run directory that has no records; one in use by another process stays."""
        with contextlib.suppress(ConfigurationError, OSError):
            with Claim(self.storage):
                if self.files():
                    return
                _remove_all(self.storage)
            if isinstance(self.storage, LocalStorage):
                for name in (KEPT_FOLDER, FOLDER, ""):
                    with contextlib.suppress(FileNotFoundError):
                        (self.storage.path / name).rmdir()

    @staticmethod
    def check_free(place: str | Path) -> None:
        """Check that a place holds no campaign.

        Raises:
            ConfigurationError: it holds one, or its records, or is a file.
            MissingExtraError: the address needs the extra remote.
        """
        storage = open_storage(place)
        try:
            _check_empty(storage)
        except OSError as error:
            raise ConfigurationError(f"{storage} is not readable: {error}.") from error

    @classmethod
    def open(cls, place: str | Path) -> Self:
        """Open the folder of a campaign that has begun.

        Raises:
            ConfigurationError: the folder holds no campaign.
        """
        storage = open_storage(place)
        if isinstance(storage, LocalStorage) and storage.path.is_file():
            raise ConfigurationError(f"{place} is a file, not a run directory.")
        try:
            manifest = read_manifest(storage)
            text = storage.read(_CONFIGURATION).decode()
        except FileNotFoundError as error:
            missing = _CONFIGURATION if storage.exists(MANIFEST) else MANIFEST
            exists = isinstance(storage, RemoteStorage) or storage.path.exists()
            raise ConfigurationError(
                f"{place} {f'holds no {missing}' if exists else 'does not exist'}. "
                "Create a run directory with `onnxfi campaign run CONFIG.yaml`."
            ) from error
        except ConfigurationError:  # which is a ValueError
            raise
        except (OSError, ValueError) as error:
            raise ConfigurationError(
                f"{place} must hold a readable {MANIFEST} and {_CONFIGURATION}: {error}."
            ) from error
        folder = storage.path if isinstance(storage, LocalStorage) else Path.cwd()
        configuration = Configuration.from_text(
            text,
            f"{storage}/{_CONFIGURATION}",
            folder=folder,
            metric_code=KeptSources(storage),
        )
        return cls(storage, configuration, manifest)

    def with_mended_metric(self) -> Self:
        """Return the run directory with the changed code of a metric that failed before.

        Raises:
            OnnxfiError: the changed metric cannot be loaded.
        """
        entry = self.manifest.get("metric", {})
        taken = take_mended(entry, self.storage, self.configuration.metric.load)
        if not taken:
            return self
        manifest = {**self.manifest, "metric": taken}
        write_manifest(self.storage, manifest)
        return replace(self, manifest=manifest)

    def check_unchanged(self, model: Model) -> None:
        """Check that everything the records depend on is unchanged.

        Args:
            model: the model that the configuration names.

        Raises:
            ConfigurationError: something changed; the message names it.
        """
        check_unchanged(self.manifest, self.configuration, model, self.storage)


@contextlib.contextmanager
def _undone_on_failure(storage: Storage) -> Iterator[None]:
    """Remove the files of a campaign whose creation fails or is interrupted."""
    try:
        yield
    except BaseException:
        with contextlib.suppress(OSError):
            _remove_all(storage)
        raise


def _remove_all(storage: Storage) -> None:
    """Remove the files of a campaign without records, and the lock."""
    kept = [f"{KEPT_FOLDER}/{x}" for x in storage.names(KEPT_FOLDER)]
    for name in (MANIFEST, _CONFIGURATION, *kept, LOCK):
        storage.remove(name)


def _check_empty(storage: Storage) -> None:
    if storage.exists(MANIFEST):
        place = display_path(str(storage))
        raise ConfigurationError(
            f"{place} already holds a campaign. Resume it with "
            f"`onnxfi campaign resume {shlex.quote(place)}`, or choose another `out`."
        )
    if record_files(storage):
        raise ConfigurationError(
            f"{storage}/{FOLDER} holds records that belong to no campaign. Move them away, or "
            "choose another `out`."
        )
