"""Reads the JSON configuration of a Keras model from a .h5, an archive, or a file of its own.

Nothing that a configuration names is imported or called.
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
        what: its origin, as the beginning of a message.

    Raises:
        ModelFormatError: the text is not JSON, or is not encodable.
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

    The bare ``config`` of ``model.get_config()`` is accepted as well.

    Raises:
        ModelFormatError: the text is not such JSON.
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
    """Read a file that holds ``model.to_json()`` or the configuration of a model.

    Raises:
        ModelFormatError: the file cannot be read, or is not such JSON.
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
    """Return the version of Keras that a configuration states or implies; ``""`` if neither.

    Keras 2 writes ``keras_version`` into the JSON of ``to_json``. Keras 3 does not, but gives
    inputs a ``batch_shape``, where Keras 2 writes ``batch_input_shape``.
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
