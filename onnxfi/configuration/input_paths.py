"""Finds the files that an inputs section names."""

import os
from pathlib import Path

from onnxfi.configuration import Inputs
from onnxfi.errors import InputError

_WILDCARDS = frozenset("*?[")


def input_files(source: Inputs) -> tuple[Path, ...]:
    """Return the files of inputs, followed by the file of labels if there is one.

    Raises:
        InputError: no file matches a pattern.
    """
    files = sample_files(source)
    labels = None if source.labels is None else source.labels.file
    return files if labels is None else (*files, labels)


def sample_files(source: Inputs) -> tuple[Path, ...]:
    """Return the files of inputs; files of a pattern are sorted by name.

    Raises:
        InputError: no file matches a pattern.
    """
    listed = source.file if isinstance(source.file, tuple) else (source.file,)
    return tuple(
        path for each in listed for path in (_matching(each) if is_pattern(each) else [each])
    )


def holds_one_input_each(source: Inputs) -> bool:
    """Return whether each file is one input: with a list or a pattern."""
    return isinstance(source.file, tuple) or is_pattern(source.file)


def is_pattern(path: Path) -> bool:
    """Return whether a path has wildcards and is not a file itself."""
    return bool(_WILDCARDS & set(str(path))) and not os.path.exists(path)


def _matching(pattern: Path) -> list[Path]:
    # Existing folders before the first wildcard may have brackets in their names.
    parts = pattern.parts
    known = 0
    while known < len(parts) - 1 and os.path.exists(Path(*parts[: known + 1])):
        known += 1
    found = sorted(x for x in Path(*parts[:known]).glob(str(Path(*parts[known:]))) if x.is_file())
    if not found:
        raise InputError(f"No input file matches the pattern {pattern}.")
    return found
