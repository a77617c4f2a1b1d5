"""Runs models with ONNX Runtime."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from onnxfi.runtime.alignment import aligned
    from onnxfi.runtime.child import is_out_of_memory
    from onnxfi.runtime.heap import give_back_memory
    from onnxfi.runtime.limited_session import LimitedSession
    from onnxfi.runtime.limits import AUTO, Limits
    from onnxfi.runtime.node_times import measure_node_times
    from onnxfi.runtime.ort_values import (
        copy_from_runtime,
        dtype_beyond_numpy,
        to_numpy,
        to_ort_value,
    )
    from onnxfi.runtime.processor import processor
    from onnxfi.runtime.provider import Provider, choose_provider
    from onnxfi.runtime.session import Session

__all__ = [
    "AUTO",
    "LimitedSession",
    "Limits",
    "Provider",
    "Session",
    "aligned",
    "choose_provider",
    "copy_from_runtime",
    "dtype_beyond_numpy",
    "give_back_memory",
    "is_out_of_memory",
    "measure_node_times",
    "processor",
    "to_numpy",
    "to_ort_value",
]

# Imported when first used, because a child process that runs a model needs few of them, and soon.
_HOMES = {
    "AUTO": "limits",
    "LimitedSession": "limited_session",
    "Limits": "limits",
    "Provider": "provider",
    "Session": "session",
    "aligned": "alignment",
    "choose_provider": "provider",
    "copy_from_runtime": "ort_values",
    "dtype_beyond_numpy": "ort_values",
    "give_back_memory": "heap",
    "is_out_of_memory": "child",
    "measure_node_times": "node_times",
    "processor": "processor",
    "to_numpy": "ort_values",
    "to_ort_value": "ort_values",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
