"""Finding what loading a Keras file would execute, by reading its configuration only.

tf_keras runs the bytecode of a Lambda while it loads a .h5, even in its safe mode, so nothing may
be loaded before this check.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from onnxfi.converters.keras_file import read_stored_configuration
from onnxfi.errors import ModelFormatError

# Classes that hold, or name, code to be executed.
_CODE_CLASSES = {
    "Lambda",
    "__lambda__",
    "TFOpLambda",
    "SlicingOpLambda",
    "TFSMLayer",
    "TorchModuleWrapper",
    "JaxLayer",
    "FlaxLayer",
}
_KERAS_MODULES = {"builtins", "keras", "tf_keras", "tensorflow"}
_KERAS_PACKAGES = {"keras", "builtins"}


def require_safe(source: Path, *, unsafe: bool) -> None:
    """Refuse a source that executes code of its own when Keras loads it.

    Args:
        source: a .h5 file, a .keras file or a SavedModel folder.
        unsafe: whether the user trusts the source; nothing is refused then.

    Raises:
        ModelFormatError: the source holds code, or its configuration cannot be read.
    """
    if unsafe:
        return
    if source.is_dir():
        raise ModelFormatError(
            f"A model must be data to be loaded without trust, but {source} is a SavedModel folder,"
            " which is a program. If you trust where it came from, pass --unsafe."
        )
    for finding in _findings(_read(source), ""):
        raise ModelFormatError(
            f"A model must be data to be loaded without trust, but {source} holds {finding}, which "
            "executes code of its author. If you trust where it came from, pass --unsafe."
        )


def _read(source: Path) -> Any:
    configuration = read_stored_configuration(source)
    if configuration is None:
        raise ModelFormatError(
            f"Keras must get a whole model, but {source} holds weights only. "
            "Use --route native with --architecture."
        )
    return configuration


def _findings(value: Any, path: str) -> Iterator[str]:
    """Yield what executes code, as words such as ``the layer 'scale' of class 'Lambda'``."""
    if isinstance(value, list):
        for item in value:
            yield from _findings(item, path)
    if not isinstance(value, dict):
        return
    config = value.get("config")
    name = config.get("name") if isinstance(config, dict) else None
    if isinstance(name, str):
        path = f"{path}/{name}" if path else name
    for key in ("class_name", "function_type", "module", "registered_name"):
        entry = value.get(key)
        if not isinstance(entry, str):
            continue
        if key == "class_name" and entry in _CODE_CLASSES:
            yield f"{path!r} of class {entry!r}"
        elif key == "function_type" and entry == "lambda":
            yield f"a lambda in {path!r}"
        elif key == "module" and entry.split(".")[0] not in _KERAS_MODULES:
            yield f"{path!r} of the module {entry!r}"
        elif (
            key == "registered_name" and ">" in entry and entry.split(">")[0] not in _KERAS_PACKAGES
        ):
            yield f"{path!r} of the custom class {entry!r}"
    for item in value.values():
        yield from _findings(item, path)
