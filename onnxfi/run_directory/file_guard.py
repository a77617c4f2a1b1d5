"""Notices that files change while a campaign runs."""

import os
from collections.abc import Callable, Iterable
from pathlib import Path

from onnxfi.configuration import Configuration, input_files

_Stamp = tuple[int, int, int]


class FileGuard:
    """Watches the files that a worker reads, by their size, inode and time of change."""

    def __init__(self, configuration: Configuration) -> None:
        """Watch the files that a configuration names; before they are read."""
        self._stamps: dict[Path, _Stamp | None] = {}
        self.add([configuration.model, *input_files(configuration.inputs)])
        self.add(configuration.fault_files)

    def add(self, paths: Iterable[Path]) -> None:
        """Watch further files."""
        for path in paths:
            self._stamps.setdefault(path, _stamp(path))

    def changed(self) -> list[Path]:
        """Return the files that changed or vanished."""
        return [path for path, stamp in self._stamps.items() if _stamp(path) != stamp]

    def check(self, compare: Callable[[], None]) -> None:
        """Compare the files' content if one of them changed.

        Args:
            compare: raises an error if the content is another.
        """
        now = {path: _stamp(path) for path in self._stamps}
        if now != self._stamps:
            compare()
            self._stamps = now  # last: other threads compare as well


def _stamp(path: Path) -> _Stamp | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
