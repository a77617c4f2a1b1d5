"""Inject faults into neural networks given as ONNX graphs, and measure what the faults do."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    __version__: str
    from onnxfi.campaign import Campaign, profile
    from onnxfi.graph import Model, Target, load
    from onnxfi.injector import Golden, Injection, Injector
    from onnxfi.surgery.embed import embed
    from onnxfi.surgery.expose import expose
    from onnxfi.surgery.split import Split, split

__all__ = [
    "Campaign",
    "Golden",
    "Injection",
    "Injector",
    "Model",
    "Split",
    "Target",
    "embed",
    "expose",
    "load",
    "profile",
    "split",
]

# Imported when first used: converting a model needs none of it, and would wait for all of it.
_HOMES = {
    "Campaign": "onnxfi.campaign",
    "Golden": "onnxfi.injector",
    "Injection": "onnxfi.injector",
    "Injector": "onnxfi.injector",
    "Model": "onnxfi.graph",
    "Split": "onnxfi.surgery",
    "Target": "onnxfi.graph",
    "embed": "onnxfi.surgery",
    "expose": "onnxfi.surgery",
    "load": "onnxfi.graph",
    "profile": "onnxfi.campaign",
    "split": "onnxfi.surgery",
}


def __getattr__(name: str) -> Any:
    if name == "__version__":
        value = _version()
    elif name in _HOMES:
        value = getattr(import_module(_HOMES[name]), name)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def _version() -> str:
    metadata = import_module("importlib.metadata")
    try:
        return str(metadata.version("onnxfi"))
    except metadata.PackageNotFoundError:  # a checkout that is not installed
        return "0+unknown"
