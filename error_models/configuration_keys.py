"""Lists the configuration keys of an error model, and writes its configuration."""

import inspect
from collections.abc import Callable
from typing import Any


def configuration_keys(model: Callable[..., Any]) -> tuple[str, ...]:
    """Return the configuration keys of an error model: the parameters of its constructor."""
    return tuple(each.name for each in _parameters(model))


def required_keys(model: Callable[..., Any]) -> tuple[str, ...]:
    """Return the configuration keys that have no default."""
    return tuple(each.name for each in _parameters(model) if each.default is each.empty)


def default_configuration(model: Callable[..., Any]) -> dict[str, Any]:
    """Return the defaults of the configuration keys that have one."""
    return {
        each.name: each.default for each in _parameters(model) if each.default is not each.empty
    }


def _parameters(model: Callable[..., Any]) -> list[inspect.Parameter]:
    by_name = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return [x for x in inspect.signature(model).parameters.values() if x.kind in by_name]


def to_dict(model: Any) -> dict[str, Any]:
    """Return ``{"name": ..., "configuration": {...}}`` of an error model.

    Args:
        model: an object with a ``name`` and an attribute for each configuration key.
    """
    keys = configuration_keys(type(model))
    return {"name": model.name, "configuration": {key: _plain(getattr(model, key)) for key in keys}}


def _plain(value: Any) -> Any:
    """Return a configured value in a form that JSON can hold."""
    if hasattr(value, "to_dict"):
        return value.to_dict()
    return list(value) if isinstance(value, tuple) else value
