"""Stores the files of run directories: in a local folder, or where fsspec reaches."""

import contextlib
import os
import posixpath
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import IO, Any, Protocol

from onnxfi.atomic_write import PARTIAL, atomic_write
from onnxfi.errors import ConfigurationError, MissingExtraError
from onnxfi.regular_file import check_regular, open_regular

# Protocols of object stores whose puts are atomic.
_ATOMIC_PUTS = frozenset({"memory", "s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "adl"})
_FILE = "file://"
#: Name of the file that the processes of a machine lock.
LOCK = ".lock"
_MISSING_CLIENT = (
    "{} needs the extra remote, and {} is not installed: pip install 'onnxfi[remote]', or the "
    "package that fsspec needs for such an address."
)


class Storage(Protocol):
    """Holds files under relative names such as ``records/x.parquet``.

    Failures are OSErrors.
    """

    def write(self, name: str, content: bytes | memoryview) -> None:
        """Write a file atomically, and create its folder."""

    def read(self, name: str) -> bytes:
        """Return the content of a file."""

    def open(self, name: str) -> contextlib.AbstractContextManager[IO[bytes]]:
        """Open a file to read parts of it."""

    def names(self, folder: str) -> list[str]:
        """Return the names of the files in a folder, sorted, without the folder's name."""

    def exists(self, name: str) -> bool:
        """Return whether a file exists."""

    def remove(self, name: str) -> None:
        """Remove a file, if it exists."""

    def create(self, name: str, content: bytes) -> bool:
        """Write a file that does not exist yet; return whether this call wrote it.

        Of several calls at once only one writes it.
        """

    def lock(self) -> contextlib.AbstractContextManager[bool]:
        """Return a lock that the processes of this machine hold one at a time.

        It gives whether the storage has locks. Entering it raises BlockingIOError while another
        process, or thread, holds it.
        """


class LocalStorage:
    """A local or mounted folder."""

    def __init__(self, path: Path) -> None:
        """Keep the folder's path."""
        self.path = path

    def __str__(self) -> str:
        """Return the path."""
        return str(self.path)

    def write(self, name: str, content: bytes | memoryview) -> None:
        """Write a file atomically, and flush it to the disk."""
        path = self.path / name
        self._check_own(path.parent)
        if not path.parent.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(path, durable=True) as aside:
            aside.write_bytes(content)

    def read(self, name: str) -> bytes:
        """Return the content of a file."""
        with self.open(name) as file:
            return file.read()

    def open(self, name: str) -> contextlib.AbstractContextManager[IO[bytes]]:
        """Open a file to read parts of it."""
        return open_regular(self.path / name)

    def names(self, folder: str) -> list[str]:
        """Return the names of the files in a folder, which need not exist."""
        path = self.path / folder
        return sorted(x.name for x in path.iterdir()) if path.is_dir() else []

    def exists(self, name: str) -> bool:
        """Return whether a file exists."""
        return (self.path / name).exists()

    def remove(self, name: str) -> None:
        """Remove a file, if it exists."""
        path = self.path / name
        self._check_own(path.parent)
        path.unlink(missing_ok=True)

    def create(self, name: str, content: bytes) -> bool:
        """Write a file that does not exist yet; return whether this call wrote it."""
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with path.open("xb") as file:
                file.write(content)
        except FileExistsError:
            return False
        return True

    @contextmanager
    def lock(self) -> Iterator[bool]:
        """Hold the lock of the folder; a file system without locks has none.

        Raises:
            BlockingIOError: another process, or thread, holds it.
        """
        import filelock

        self.path.mkdir(parents=True, exist_ok=True)
        self._check_own(self.path / LOCK)
        if (self.path / LOCK).exists():
            check_regular(self.path / LOCK)
        lock = filelock.FileLock(self.path / LOCK, timeout=0)
        try:
            lock.acquire()
        except filelock.Timeout as error:
            raise BlockingIOError(f"{self.path} is locked") from error
        except NotImplementedError:  # the file system has no locks
            yield False
            return
        try:
            yield True
        finally:
            lock.release()

    def _check_own(self, path: Path) -> None:
        """Check that writing to a path inside changes nothing outside.

        Raises:
            OSError: it is a link.
        """
        if path != self.path and path.is_symlink():
            raise OSError(
                f"{path} is a link, and files elsewhere are not changed. Link the whole run "
                "directory instead"
            )


class RemoteStorage:
    """A place that fsspec reaches, such as ``s3://bucket/run``."""

    def __init__(self, url: str) -> None:
        """Connect.

        Raises:
            MissingExtraError: fsspec, or a package that it needs, is not installed.
            ConfigurationError: fsspec does not know the address.
        """
        try:
            import fsspec
        except ImportError as error:
            raise MissingExtraError(_MISSING_CLIENT.format(url, "fsspec")) from error
        self.url = url.rstrip("/")
        try:
            self._files: Any
            self._files, self._root = fsspec.core.url_to_fs(self.url, use_listings_cache=False)
        except ImportError as error:
            raise MissingExtraError(_MISSING_CLIENT.format(url, error.name or error)) from error
        except ValueError as error:
            raise ConfigurationError(
                f"{url} must be a folder, or an address that fsspec knows: {error}."
            ) from error
        self._atomic_puts = url.partition("://")[0] in _ATOMIC_PUTS

    def __str__(self) -> str:
        """Return the address."""
        return self.url

    def write(self, name: str, content: bytes | memoryview) -> None:
        """Write a file; if puts are not atomic, under a temporary name first."""
        path = self._path(name)
        with _as_os_errors():
            if self._atomic_puts:
                self._files.pipe_file(path, bytes(content))
                return
            self._files.makedirs(posixpath.dirname(path), exist_ok=True)
            aside = f"{path}.{uuid.uuid4().hex}{PARTIAL}"
            self._files.pipe_file(aside, bytes(content))
            self._files.mv(aside, path)

    def read(self, name: str) -> bytes:
        """Return the content of a file."""
        with _as_os_errors():
            content: bytes = self._files.cat_file(self._path(name))
            return content

    @contextmanager
    def open(self, name: str) -> Iterator[IO[bytes]]:
        """Open a file to read parts of it."""
        with _as_os_errors():
            opened = self._files.open(self._path(name), "rb")
        with opened:
            yield opened

    def names(self, folder: str) -> list[str]:
        """Return the names of the files in a folder, which need not exist."""
        with _as_os_errors():
            try:
                paths = self._files.ls(self._path(folder), detail=False)
            except FileNotFoundError:
                return []
        return sorted(posixpath.basename(x) for x in paths)

    def exists(self, name: str) -> bool:
        """Return whether a file exists."""
        with _as_os_errors():
            return bool(self._files.exists(self._path(name)))

    def remove(self, name: str) -> None:
        """Remove a file, if it exists."""
        with _as_os_errors(), contextlib.suppress(FileNotFoundError):
            self._files.rm_file(self._path(name))

    def create(self, name: str, content: bytes) -> bool:
        """Write a file that does not exist yet; return whether this call wrote it."""
        with _as_os_errors():
            if not self._atomic_puts:
                self._files.makedirs(posixpath.dirname(self._path(name)), exist_ok=True)
            try:
                self._files.pipe_file(self._path(name), content, mode="create")
            except FileExistsError:
                return False
        return True

    def lock(self) -> contextlib.AbstractContextManager[bool]:
        """Return a lock that locks nothing: object stores have none."""
        return nullcontext(False)

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}"


def is_address(place: str | Path) -> bool:
    """Return whether a place is an address such as ``s3://bucket/run`` rather than a path."""
    return isinstance(place, str) and "://" in place


def display_path(place: str | Path) -> str:
    """Return a path relative to the current folder, or an address unchanged."""
    return str(place) if is_address(place) else os.path.relpath(place)


def open_storage(place: str | Path) -> LocalStorage | RemoteStorage:
    """Return the storage at a path, or at an address such as ``s3://bucket/run``.

    Raises:
        MissingExtraError: the extra remote is needed, and is not installed.
        ConfigurationError: fsspec does not know the address.
    """
    if is_address(place) and not str(place).startswith(_FILE):
        return RemoteStorage(str(place))
    return LocalStorage(Path(str(place).removeprefix(_FILE)))


@contextmanager
def _as_os_errors() -> Iterator[None]:
    """Convert botocore's errors, which s3fs lets through, to OSErrors."""
    botocore = sys.modules.get("botocore.exceptions")
    own = () if botocore is None else (botocore.BotoCoreError, botocore.ClientError)
    try:
        yield
    except own as error:
        raise OSError(str(error)) from error
