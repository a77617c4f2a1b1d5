"""Reads the labels of inputs."""

from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np

from onnxfi.campaign.inputs.array_file import ArrayFile, Header
from onnxfi.configuration import Labels
from onnxfi.errors import InputError
from onnxfi.graph import format_shape


def read_labels(labels: Labels, file: ArrayFile) -> np.ndarray:
    """Return the labels in an array of a file, one whole number per input.

    Raises:
        InputError: there is no such array, or it holds no whole numbers.
    """
    name = _array_name(labels, file)
    header = file.headers[name]
    _check(name, header, file.path, shapes=(header.shape[:1] or (0,),))
    return file.read(name)


def read_label_of_each(labels: Labels, files: Sequence[ArrayFile]) -> np.ndarray:
    """Return the label of each file.

    Raises:
        InputError: a file has no label, or several.
    """
    return np.array([_read_label(labels, file) for file in files])


def _read_label(labels: Labels, file: ArrayFile) -> int:
    name = _array_name(labels, file)
    header = file.headers[name]
    _check(name, header, file.path, shapes=((), (1,)))
    return int(file.read(name).reshape(()))


def _array_name(labels: Labels, file: ArrayFile) -> str:
    if labels.array is None and len(file.headers) == 1:
        return next(iter(file.headers))
    if labels.array is None or labels.array not in file.headers:
        raise InputError(
            f"The labels must be an array of {file.path}, which holds "
            f"{', '.join(map(repr, file.headers))}, got {labels.array!r}."
        )
    return labels.array


def _check(name: str, header: Header, path: Path, *, shapes: Collection[tuple[int, ...]]) -> None:
    if header.shape not in shapes or header.dtype.kind not in "iu":
        raise InputError(
            f"The labels must be one whole number per input, the class, and {name!r} in {path} is "
            f"{header.dtype} of shape {format_shape(header.shape)}."
        )
