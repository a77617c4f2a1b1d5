"""Running models with ONNX Runtime."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from onnxfi.runtime.heap import give_back_memory
    from onnxfi.runtime.provider import Provider, choose_provider
    from onnxfi.runtime.session import Session

__all__ = ["Provider", "Session", "choose_provider", "give_back_memory"]

# Imported when first used: a child process that runs a model needs little of it, and soon.
_HOMES = {
    "Provider": "provider",
    "Session": "session",
    "choose_provider": "provider",
    "give_back_memory": "heap",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
