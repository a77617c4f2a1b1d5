"""Imports a metric's module from a folder, in isolation from installed modules."""

import importlib
import sys
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from importlib.abc import MetaPathFinder, SourceLoader
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Protocol

#: Folder of a run directory that holds the code of its metric.
KEPT_FOLDER = "metric"
# sys.modules is changed during an import.
_importing = threading.RLock()


class Sources(Protocol):
    """Python files by their path relative to a folder, with slashes."""

    @property
    def folder(self) -> str:
        """The folder's path, for messages and tracebacks."""

    def names(self) -> Iterable[str]:
        """Return the names of the files at the top level."""

    def read(self, name: str) -> bytes | None:
        """Return the content of a file; None if there is none."""


@dataclass(frozen=True, slots=True)
class FolderSources:
    """The Python files in a folder."""

    path: Path

    @property
    def folder(self) -> str:
        """The folder's path."""
        return str(self.path)

    def names(self) -> Iterable[str]:
        """Return the names of the files at the top level."""
        return [x.name for x in self.path.glob("*.py")]

    def read(self, name: str) -> bytes | None:
        """Return the content of a file; None if there is none."""
        path = self.path / name
        return path.read_bytes() if path.is_file() else None


def is_in(sources: Sources, module: str) -> bool:
    """Return whether the sources have a module."""
    return any(sources.read(x) is not None for x in _file_names(module))


def import_apart(sources: Sources, module: str) -> tuple[ModuleType, dict[str, bytes]]:
    """Import a module from sources, with the neighbours that it imports.

    ``sys.modules`` and ``sys.path`` are restored afterwards, so other folders may have modules of
    the same names. A neighbour can therefore be imported at the top of a module only, not within a
    function. Modules of the standard library win over neighbours of the same name. No bytecode is
    read or written.

    Args:
        sources: the sources; they contain the module.
        module: its dotted name.

    Returns:
        The module, and the sources that were imported, by relative path.
    """
    finder = _Finder(sources, module)
    top = {x.removesuffix(".py") for x in sources.names()} - sys.stdlib_module_names
    top.add(module.partition(".")[0])
    with _importing:
        aside = {x: y for x, y in sys.modules.items() if x.partition(".")[0] in top}
        for name in aside:
            del sys.modules[name]
        sys.meta_path.insert(0, finder)
        try:
            imported = importlib.import_module(module)
        finally:
            sys.meta_path.remove(finder)
            for name in finder.found:
                sys.modules.pop(name, None)
            sys.modules.update(aside)
    return imported, finder.files


@dataclass(slots=True, eq=False)
class _Finder(MetaPathFinder):
    """Finds modules in sources, and keeps the files that it has read."""

    sources: Sources
    wanted: str
    found: set[str] = field(default_factory=set)
    files: dict[str, bytes] = field(default_factory=dict)

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        top, _, inner = name.partition(".")
        if inner and name.rpartition(".")[0] not in self.found:
            return None
        parts_of_wanted = f"{self.wanted}.".startswith(f"{name}.")
        if top in sys.stdlib_module_names and not parts_of_wanted:
            return None
        for file in _file_names(name):
            content = self.sources.read(file)
            if content is not None:
                self.found.add(name)
                self.files[file] = content
                place = f"{self.sources.folder}/{file}"
                inside = [place.rpartition("/")[0]] if file.endswith("/__init__.py") else None
                return spec_from_file_location(
                    name,
                    place,
                    loader=_Loader(place, content),
                    submodule_search_locations=inside,
                )
        if parts_of_wanted:  # a folder without __init__.py
            self.found.add(name)
            return ModuleSpec(name, None, is_package=True)
        return None


@dataclass(frozen=True, slots=True)
class _Loader(SourceLoader):
    place: str
    content: bytes

    def get_filename(self, fullname: str) -> str:
        return self.place

    def get_data(self, path: str | bytes) -> bytes:
        return self.content


def _file_names(module: str) -> tuple[str, str]:
    base = module.replace(".", "/")
    return f"{base}/__init__.py", f"{base}.py"
