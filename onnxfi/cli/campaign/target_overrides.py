"""Overrides the ``targets`` of a configuration with options."""

from typing import Any

from onnxfi.configuration import Configuration, Excluded, Targets
from onnxfi.errors import ConfigurationError
from onnxfi.graph import Selection


def override_targets(configuration: Configuration, wanted: Selection) -> Configuration:
    """Return a configuration in which the given options replace keys of ``targets``.

    Raises:
        ConfigurationError: options are given, but ``targets`` is a list.
    """
    default = Selection()
    given: dict[str, Any] = {
        name: getattr(wanted, name)
        for name in ("kind", "ops", "layers", "tensors", "dtypes", "index", "include_shapes")
        if getattr(wanted, name) != getattr(default, name)
    }
    if wanted.exclude != default.exclude:
        exclude = wanted.exclude
        given["exclude"] = Excluded(**{x: getattr(exclude, x) for x in Excluded.model_fields})
    if not given:
        return configuration
    if not isinstance(configuration.targets, Targets):
        raise ConfigurationError(
            "`targets` of the configuration is a list of selections, and options can only change "
            "a single one. Change the configuration instead."
        )
    targets = configuration.targets.model_copy(update=given)
    return configuration.model_copy(update={"targets": targets})
