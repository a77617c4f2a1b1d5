"""Refuses files of an unknown version of Keras before their layers are read."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from onnxfi.errors import ModelFormatError

_KNOWN = ("2", "3")
# Options that Keras 2 renamed; a file of an early Keras 1 states no version.
_OPTIONS_OF_KERAS_1 = {
    *("border_mode", "dim_ordering", "inner_activation", "inner_init", "nb_col", "nb_filter"),
    *("nb_row", "pool_length", "subsample", "subsample_length", "W_regularizer", "b_regularizer"),
}


def require_version(version: str, configuration: Mapping[str, Any], source: Path) -> None:
    """Refuse a file that neither Keras 2 nor Keras 3 wrote.

    Args:
        version: the version that the file states; ``""`` if it states none.
        configuration: the ``{"class_name": …, "config": …}`` of the model.
        source: the file, for the message.

    Raises:
        ModelFormatError: it is of another version.
    """
    major = version.split(".")[0]
    if major == "1" or (not version and _OPTIONS_OF_KERAS_1 & set(_keys(configuration))):
        raise ModelFormatError(
            f"{source} was written by Keras 1, whose layers have other options. Load it with an "
            "early Keras 2 (such as 2.2.4), which reads both, and save it again."
        )
    if version and major not in _KNOWN:
        raise ModelFormatError(
            f"A file must be of Keras 2 or Keras 3, but {source} states the version {version!r}. "
            "Save the model with one of them, or update onnxfi."
        )


def _keys(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        yield from value
    items = value.values() if isinstance(value, Mapping) else value
    for item in items if isinstance(value, Mapping | list) else ():
        yield from _keys(item)
