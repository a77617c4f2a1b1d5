"""Finds links, external data and excessive sizes in a file before it is opened.

The whole file is walked, including the parts that the native route never reads.
"""

import stat
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

import h5py

from onnxfi.converters.keras_files.archive import reading_archive
from onnxfi.converters.keras_files.declared_sizes import declared_bytes, largest_content
from onnxfi.converters.keras_files.hdf5 import Hdf5File, reading

_ENCRYPTED = 0x1


def hdf5_dangers(file: Hdf5File) -> list[str]:
    """Return the parts of an open HDF5 file that lie outside it, or declare too much.

    Raises:
        ModelFormatError: the file is damaged.
    """
    with reading(file.path):
        return list(_walk(file))


def archive_dangers(path: Path) -> list[str]:
    """Return the members of a zip archive that would be unpacked elsewhere, or are too large.

    Raises:
        ModelFormatError: the archive is damaged.
    """
    with reading_archive(path), zipfile.ZipFile(path) as archive:
        members = archive.infolist()
    dangers = [f"the member {x.filename!r}, which {what}" for x in members for what in _about(x)]
    names = [x.filename for x in members]
    dangers += [
        f"the member {name!r} more than once"
        for name in sorted(set(names))
        if names.count(name) > 1
    ]
    total = sum(x.file_size for x in members)
    if total > largest_content(path):
        dangers.append(f"members of {total} bytes in an archive of {path.stat().st_size}")
    return dangers


def _about(member: zipfile.ZipInfo) -> Iterator[str]:
    name = member.filename
    parts = PurePosixPath(name.replace("\\", "/")).parts
    windows = PureWindowsPath(name)
    if ".." in parts or name.startswith(("/", "\\")) or windows.drive or windows.root:
        yield "lies outside the archive"
    if stat.S_ISLNK(member.external_attr >> 16):
        yield "is a link"
    if member.flag_bits & _ENCRYPTED:
        yield "is encrypted"


def _walk(file: Hdf5File) -> Iterator[str]:
    seen: set[int] = set()
    waiting: list[Any] = [file.root]
    declared = 0
    while waiting:
        group = waiting.pop()
        seen.add(_address(group))
        for name in group:
            where = f"{group.name.rstrip('/')}/{name}"
            link = group.get(name, getlink=True)
            if link is None:
                raise LookupError(f"the link {where!r} leads nowhere")
            if not isinstance(link, h5py.HardLink):
                target = f"{getattr(link, 'filename', '')}:{link.path}".lstrip(":")
                yield f"the {type(link).__name__} {where!r} to {target!r}"
                continue
            inside = group[name]
            if isinstance(inside, h5py.Dataset):
                declared += declared_bytes(inside)
                if inside.external:
                    yield f"{where!r}, whose data lie in the file {inside.external[0][0]!r}"
                if inside.is_virtual:
                    sources = sorted({x.file_name for x in inside.virtual_sources()})
                    yield f"{where!r}, whose data lie in the files {sources[:3]}"
            elif isinstance(inside, h5py.Group) and _address(inside) not in seen:
                waiting.append(inside)
    if declared > largest_content(file.path):
        yield f"datasets that declare {declared} bytes in a file of {file.path.stat().st_size}"


def _address(item: Any) -> int:
    return int(h5py.h5o.get_info(item.id).addr)
