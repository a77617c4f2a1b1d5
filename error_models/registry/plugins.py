"""Finds error models of other packages, by class or by the name of an entry point."""

import re
from importlib.metadata import EntryPoint, entry_points

from onnxfi.error_models.error_model import ErrorModel
from onnxfi.errors import ErrorModelError

GROUP = "onnxfi.error_models"
"""The group of entry points in which a package declares its error models."""

_CLASS = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*")


def is_class_path(name: str) -> bool:
    """Return whether a name has the form ``package.module:Class``."""
    return _CLASS.fullmatch(name) is not None


def declared_names() -> tuple[str, ...]:
    """Return the names that the installed packages declare, sorted."""
    return tuple(sorted({each.name for each in entry_points(group=GROUP)}))


def find_plugin(name: str) -> type[ErrorModel] | None:
    """Return the class of an error model of another package; None if none has that name.

    Args:
        name: name of an entry point, or ``package.module:Class``.

    Raises:
        ErrorModelError: several packages declare the name, the class cannot be imported, or it is
            not an error model.
    """
    if is_class_path(name):
        return _load(EntryPoint(name, name, GROUP))
    values = {each.value for each in entry_points(group=GROUP, name=name)}
    if len(values) > 1:
        raise ErrorModelError(
            f"The error model {name!r} must be declared once, got {' and '.join(sorted(values))} "
            f"in the installed packages. Write one of these instead of the name."
        )
    return _load(EntryPoint(name, values.pop(), GROUP)) if values else None


def _load(entry: EntryPoint) -> type[ErrorModel]:
    try:
        loaded = entry.load()
    except BaseException as error:  # importing a module may raise anything
        if isinstance(error, KeyboardInterrupt):
            raise
        raise ErrorModelError(
            f"The error model {entry.name!r} must be a class that can be imported from "
            f"{entry.value}, got {type(error).__name__}: {error}. Install its package, or correct "
            "the name."
        ) from error
    # Checked before the call: a configuration must not be able to call anything else.
    lacks = [each for each in ("name", "sample", "to_dict") if not hasattr(loaded, each)]
    if not isinstance(loaded, type) or lacks:
        what = f"a class without {', '.join(lacks)}" if isinstance(loaded, type) else repr(loaded)
        raise ErrorModelError(
            f"The error model {entry.name!r} must be a class with name, sample and to_dict, "
            f"got {what}. See onnxfi.error_models.ErrorModel."
        )
    return loaded
