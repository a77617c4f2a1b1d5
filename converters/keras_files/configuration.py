"""The configuration of a Keras model as JSON: in a .h5, in an archive, or in a file of its own.

It is decoded and looked at; nothing that it names is imported or called.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from onnxfi.errors import ModelFormatError

_DEEPEST_JSON = 200


def parse_json(text: object, what: str) -> Any:
    """Decode JSON text.

    Args:
        text: the text, as bytes or as a string.
        what: where it is from, as the beginning of a message.

    Raises:
        ModelFormatError: it is no JSON, or holds text that no file could.
    """
    if not isinstance(text, str | bytes):
        raise ModelFormatError(
            f"{what} must be JSON text, got a value of type {type(text).__name__}. Save it again."
        )
    try:
        document = json.loads(text)
        json.dumps(document, ensure_ascii=False).encode()  # fails on half of a surrogate pair
    except (ValueError, RecursionError) as error:
        raise ModelFormatError(
            f"{what} must be JSON, but decoding it failed: {error}. Save the model again."
        ) from error
    _require_shallow(document, what)
    return document


def parse_configuration(text: object, what: str) -> dict[str, Any]:
    """Decode the ``{"class_name": …, "config": …}`` of a model.

    The bare ``config`` of ``model.get_config()`` is taken as well.

    Raises:
        ModelFormatError: it is no such JSON.
    """
    document = parse_json(text, what)
    if isinstance(document, dict) and "class_name" not in document and "layers" in document:
        name = "Functional" if "input_layers" in document else "Sequential"
        return {"class_name": name, "config": document}
    if not isinstance(document, dict) or "class_name" not in document:
        raise ModelFormatError(
            f"{what} must be a JSON object with the key 'class_name', got {str(document)[:60]!r}. "
            "Save a Sequential or Functional model again."
        )
    return document


def read_architecture(path: Path) -> dict[str, Any]:
    """Read a file that ``model.to_json()``, or the configuration of a model, was written to.

    Raises:
        ModelFormatError: the file cannot be read, or is no such JSON.
    """
    try:
        text = path.read_bytes()
    except OSError as error:
        raise ModelFormatError(
            f"The architecture must be a readable JSON file, but {path} is not: {error.strerror}. "
            "Write it with model.to_json()."
        ) from error
    return parse_configuration(text, f"The architecture {path}")


def stated_version(configuration: Mapping[str, Any]) -> str:
    """Return the version of Keras that a configuration states or shows; ``""`` for neither.

    Keras 2 writes ``keras_version`` into the JSON of ``to_json``. Keras 3 does not: it shows in
    the ``batch_shape`` of its inputs, where Keras 2 has a ``batch_input_shape``.
    """
    version = configuration.get("keras_version")
    if isinstance(version, str):
        return version
    return "3" if _has_key(configuration, "batch_shape") else ""


def _require_shallow(document: Any, what: str) -> None:
    level = [document]
    for _ in range(_DEEPEST_JSON):
        level = [
            item
            for value in level
            if isinstance(value, dict | list)
            for item in (value.values() if isinstance(value, dict) else value)
        ]
        if not level:
            return
    raise ModelFormatError(
        f"{what} must nest at most {_DEEPEST_JSON} levels, got more. The file is damaged: save the "
        "model again."
    )


def _has_key(value: Any, key: str) -> bool:
    if isinstance(value, dict):
        return key in value or any(_has_key(item, key) for item in value.values())
    return isinstance(value, list) and any(_has_key(item, key) for item in value)
