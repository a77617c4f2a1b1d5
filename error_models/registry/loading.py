"""Makes error models from names, texts and mappings."""

from collections.abc import Callable, Mapping
from typing import Any

from onnxfi.error_models.bit_flip import BitFlip
from onnxfi.error_models.configuration_keys import configuration_keys, required_keys
from onnxfi.error_models.constant import Constant
from onnxfi.error_models.error_model import ErrorModel
from onnxfi.error_models.hardware.array_error_model import Array
from onnxfi.error_models.hardware.register import Register
from onnxfi.error_models.infinity import Infinity
from onnxfi.error_models.nan import NaN
from onnxfi.error_models.noise import Noise
from onnxfi.error_models.random_value import RandomValue
from onnxfi.error_models.registry.plugins import declared_names, find_plugin
from onnxfi.error_models.registry.spec_text import parse_spec
from onnxfi.error_models.scale import Scale
from onnxfi.error_models.spatial.spatial_model import SpatialModel
from onnxfi.error_models.stuck_at import StuckAt
from onnxfi.error_models.upset import Upset
from onnxfi.error_models.zero import Zero
from onnxfi.errors import ErrorModelError
from onnxfi.suggestions import did_you_mean

ERROR_MODELS: dict[str, type[ErrorModel]] = {
    "bitflip": BitFlip,
    "stuckat": StuckAt,
    "zero": Zero,
    "constant": Constant,
    "random": RandomValue,
    "noise": Noise,
    "scale": Scale,
    "nan": NaN,
    "inf": Infinity,
    "spatial": SpatialModel,
    "upset": Upset,
    "register": Register,
    "array": Array,
}
"""The error models of onnxfi by name. Other packages cannot use these names."""


def load(spec: str | Mapping[str, Any] | ErrorModel) -> ErrorModel:
    """Make an error model.

    Args:
        spec: ``"name"`` or ``"name:key=value,..."``, such as ``"bitflip:bit=30,count=2"``; a
            mapping ``{"name": ..., "configuration": {...}}``, as ``to_dict`` returns it; or an
            error model, which is returned unchanged. The name is one of onnxfi's, one that an
            installed package declares in the entry point group ``onnxfi.error_models``, or a class
            of any installed package as ``package.module:Class``.

    Raises:
        ErrorModelError: the name or a key is unknown, or a value is wrong.
    """
    if isinstance(spec, str):
        return _make(*parse_spec(spec))
    if isinstance(spec, Mapping):
        return from_dict(spec)
    # A class has the attributes of the protocol as well, but only instances are error models.
    if not isinstance(spec, type) and isinstance(spec, ErrorModel):
        return spec
    raise ErrorModelError(
        f"An error model must be a text, a mapping or an error model, got {spec!r}. Write for "
        "example 'bitflip'."
    )


def from_dict(document: Mapping[str, Any]) -> ErrorModel:
    """Make an error model from what ``to_dict`` returned.

    Args:
        document: ``{"name": ..., "configuration": {...}}``; ``configuration`` is optional.

    Raises:
        ErrorModelError: a key or the name is unknown, or a value is wrong.
    """
    for key in document:
        if key not in ("name", "configuration"):
            raise ErrorModelError(
                "The mapping of an error model has the keys name and configuration, got "
                f"{key!r}. Put the configuration keys under configuration."
            )
    if "name" not in document:
        raise ErrorModelError(
            f"The mapping of an error model must have a name, got {dict(document)!r}. "
            f"Add one of {', '.join(ERROR_MODELS)}."
        )
    configuration = document.get("configuration")
    # An empty "configuration:" in YAML is None.
    if configuration is None:
        configuration = {}
    if not isinstance(configuration, Mapping):
        raise ErrorModelError(
            f"The configuration of an error model must be a mapping, got {configuration!r}. "
            "Write 'configuration: {key: value}'."
        )
    return _make(document["name"], configuration)


def find_error_model(name: object) -> type[ErrorModel]:
    """Return the class of an error model.

    Raises:
        ErrorModelError: no error model has that name, or it cannot be imported.
    """
    found = None
    if isinstance(name, str):
        module, _, rest = name.partition(":")
        if rest and module in ERROR_MODELS:
            raise ErrorModelError(
                f"The configuration of {module} is written key=value, got {rest!r}. "
                f"`onnxfi error-models show {module}` lists the keys."
            )
        found = ERROR_MODELS.get(name) or find_plugin(name)
    if found is None:
        known = tuple(dict.fromkeys((*ERROR_MODELS, *declared_names())))
        raise ErrorModelError(
            f"An error model is one of {', '.join(known)}, or a class as package.module:Class, "
            f"got {name!r}{did_you_mean(str(name), known)}."
        )
    return found


def map_paths(
    name: object, configuration: Mapping[str, Any], change: Callable[[str], str]
) -> dict[str, Any]:
    """Return a configuration in which every path of a file is changed.

    Args:
        name: name of the error model.
        configuration: its configuration, which need not be valid.
        change: returns the new path for a path.

    Raises:
        ErrorModelError: no error model has that name.
    """
    changed = dict(configuration)
    kind = find_error_model(name)
    words = getattr(kind, "not_paths", ())
    for key in getattr(kind, "paths", ()):
        changed = _changed(
            changed, key.split("."), lambda text: text if text in words else change(text)
        )
    return changed


def _changed(
    configuration: Mapping[str, Any], path: list[str], change: Callable[[str], str]
) -> dict[str, Any]:
    key, *inner = path
    value = configuration.get(key)
    if inner and isinstance(value, Mapping):
        return {**configuration, key: _changed(value, inner, change)}
    if not inner and isinstance(value, str):
        return {**configuration, key: change(value)}
    return dict(configuration)


def _make(name: object, configuration: Mapping[str, Any]) -> ErrorModel:
    """Check the keys and make the error model of a name."""
    kind = find_error_model(name)
    keys = configuration_keys(kind)
    for key in configuration:
        if key not in keys:
            raise ErrorModelError(
                f"{name}: the configuration has the keys {', '.join(keys)}, "
                f"got {key!r}{did_you_mean(str(key), keys)}"
            )
    missing = [key for key in required_keys(kind) if key not in configuration]
    if missing:
        raise ErrorModelError(
            f"{name}: {', '.join(missing)} must be given: write {name}:{missing[0]}=…, "
            f"`onnxfi error-models show {name}` describes it"
        )
    try:
        return kind(**configuration)
    except ErrorModelError:
        raise
    except BaseException as error:  # another package may raise anything
        if isinstance(error, KeyboardInterrupt):
            raise
        raise ErrorModelError(
            f"{name}: the class does not accept the configuration {dict(configuration)!r}: "
            f"{type(error).__name__}: {error}"
        ) from error
