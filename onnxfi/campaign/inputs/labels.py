"""Finds and reads the labels of inputs."""

import re
from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np

from onnxfi.campaign.inputs.array_file import ArrayFile, Header
from onnxfi.configuration import Labels
from onnxfi.errors import InputError
from onnxfi.graph import format_shape

# Words in the names of arrays that hold labels.
_WORDS = frozenset({"label", "labels", "target", "targets", "class", "classes", "y"})


def is_named_like_labels(name: str) -> bool:
    """Return whether a word such as ``labels`` or ``y`` is in the name of an array."""
    return not _WORDS.isdisjoint(re.split(r"[\W\d_]+", name.lower()))


def find_labels(file: ArrayFile, taken: Collection[str | None], *, whole: bool) -> Labels | None:
    """Return the only array of a file that can hold the labels; None for none or several.

    Such an array holds whole numbers, one per input, and a word such as ``labels`` or ``y`` is in
    its name.

    Args:
        file: the arrays.
        taken: the arrays that feed the model.
        whole: whether the file is one input, without an axis of samples.
    """
    others = [x.shape for name, x in file.headers.items() if name in taken and x.shape]
    found = [
        name
        for name, header in file.headers.items()
        if name not in taken
        and header.dtype.kind in "iu"
        and is_named_like_labels(name)
        and (
            header.shape in ((), (1,))
            if whole
            else len(header.shape) == 1 and any(header.shape[0] in shape for shape in others)
        )
    ]
    return Labels(array=found[0]) if len(found) == 1 else None


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
