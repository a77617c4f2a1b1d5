"""The error models by name, and making one from a name, a text or a mapping."""

from collections.abc import Mapping
from typing import Any

from onnxfi.error_models.bit_flip import BitFlip
from onnxfi.error_models.configuration import closest, configuration_keys
from onnxfi.error_models.error_model import ErrorModel
from onnxfi.error_models.random_value import RandomValue
from onnxfi.error_models.spatial_model import SpatialModel
from onnxfi.error_models.zero import Zero
from onnxfi.errors import ErrorModelError

ERROR_MODELS: dict[str, type[BitFlip] | type[Zero] | type[RandomValue] | type[SpatialModel]] = {
    "bitflip": BitFlip,
    "zero": Zero,
    "random": RandomValue,
    "spatial": SpatialModel,
}


def load(spec: str | Mapping[str, Any] | ErrorModel) -> ErrorModel:
    """Make an error model.

    Args:
        spec: ``"name"`` or ``"name:key=value,..."``, such as ``"bitflip:bit=30,count=2"``; a
            mapping ``{"name": ..., "configuration": {...}}``, as ``to_dict`` gives it; or an error
            model, which is given back.

    Raises:
        ErrorModelError: the name or a key is unknown, or a value is wrong.
    """
    if isinstance(spec, str):
        return _make(*_parse(spec))
    if isinstance(spec, Mapping):
        return from_dict(spec)
    # A class has the attributes of the protocol too; only its instances are error models.
    if not isinstance(spec, type) and isinstance(spec, ErrorModel):
        return spec
    raise ErrorModelError(
        "an error model is given as a text, a mapping or an error model, "
        f"got {spec!r}: write 'bitflip', say"
    )


def path_keys(name: object) -> tuple[str, ...]:
    """Return the keys of an error model's configuration that hold the path of a file."""
    model = ERROR_MODELS.get(name) if isinstance(name, str) else None
    return getattr(model, "paths", ())


def from_dict(document: Mapping[str, Any]) -> ErrorModel:
    """Make an error model from what ``to_dict`` gave.

    Args:
        document: ``{"name": ..., "configuration": {...}}``; ``configuration`` may be left out.

    Raises:
        ErrorModelError: a key or the name is unknown, or a value is wrong.
    """
    for key in document:
        if key not in ("name", "configuration"):
            raise ErrorModelError(
                "the mapping of an error model has the keys name and configuration, "
                f"got {key!r}: put what configures it under configuration"
            )
    if "name" not in document:
        raise ErrorModelError(
            f"the mapping of an error model must have a name, got {dict(document)!r}: "
            f"add one of {', '.join(ERROR_MODELS)}"
        )
    configuration = document.get("configuration")
    # An empty "configuration:" in YAML is None.
    if configuration is None:
        configuration = {}
    if not isinstance(configuration, Mapping):
        raise ErrorModelError(
            "the configuration of an error model must be a mapping, "
            f"got {configuration!r}: write 'configuration: {{key: value}}'"
        )
    return _make(document["name"], configuration)


def _make(name: object, configuration: Mapping[str, Any]) -> ErrorModel:
    """Make the error model of a name, with the keys checked."""
    model = ERROR_MODELS.get(name) if isinstance(name, str) else None
    if model is None:
        raise ErrorModelError(
            f"an error model is one of {', '.join(ERROR_MODELS)}, "
            f"got {name!r}{closest(str(name), ERROR_MODELS)}"
        )
    keys = configuration_keys(model)
    for key in configuration:
        if key not in keys:
            raise ErrorModelError(
                f"{name}: the configuration has the keys {', '.join(keys)}, "
                f"got {key!r}{closest(str(key), keys)}"
            )
    return model(**configuration)


def _parse(text: str) -> tuple[str, dict[str, int | float | str]]:
    """Split ``name:key=value,...`` into the name and the configuration."""
    name, colon, rest = text.partition(":")
    configuration: dict[str, int | float | str] = {}
    for item in rest.split(",") if colon else ():
        key, equals, value = (part.strip() for part in item.partition("="))
        if not key or not equals or not value:
            raise ErrorModelError(
                "an error model is written name or name:key=value,key=value, "
                f"got {item!r} in {text!r}: write bitflip:bit=30,count=2, say"
            )
        if key in configuration:
            raise ErrorModelError(
                f"each key of an error model is given once, got {key!r} again in {text!r}: "
                "keep one of them"
            )
        configuration[key] = _parse_value(value)
    return name.strip(), configuration


def _parse_value(text: str) -> int | float | str:
    """Read an integer, else a float, else leave the text."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
