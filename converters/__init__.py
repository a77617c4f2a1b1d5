"""Converts models of other formats to ONNX.

Two routes convert a model. ``native`` reads a Keras file and builds the graph itself: it needs no
TensorFlow, and executes nothing in the file. ``tf2onnx`` (extra ``keras``, in a child process)
converts what the native route refuses, SavedModel folders and TFLite files. This package does not
depend on fault injection.

The sub-packages, in the order in which a Keras file passes them:

- ``sources`` and ``safety``: recognise a file, and refuse what is dangerous to load
- ``keras_files`` and ``options``: read the model, its weights and its options
- ``translation``: what every translation is written with
- ``layers``, ``recurrent``, ``operations``, ``functions``: the translations
- ``native``: the native route, with the table of layers
- ``tensorflow``: the route through TensorFlow and tf2onnx
- ``metadata``: the layer map and the origin that a converted model carries
"""

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from onnxfi.converters.sources.foreign import foreign_advice
from onnxfi.converters.sources.kind import is_keras_file, kind_of
from onnxfi.converters.tensorflow.limits import Limits

if TYPE_CHECKING:
    from onnxfi.converters.conversion import NEWEST_OPSET, OLDEST_OPSET, convert
    from onnxfi.converters.description import FileDescription, LayerDescription, describe
    from onnxfi.converters.disabled_optimizers import DISABLED_OPTIMIZERS
    from onnxfi.converters.metadata.layer_map import (
        METADATA_KEY,
        Layer,
        dump_layers,
        parse_absent_layers,
        parse_layers,
    )
    from onnxfi.converters.metadata.provenance import (
        DIFFERENCE_KEY,
        NOTES_KEY,
        ROUTE_KEY,
        record_difference,
    )
    from onnxfi.converters.metadata.scopes import ScopedNode, scope_outputs, scopes_of
    from onnxfi.converters.safety.source_dangers import join_dangers
    from onnxfi.converters.tensorflow.verification import verify

__all__ = [
    "DIFFERENCE_KEY",
    "DISABLED_OPTIMIZERS",
    "METADATA_KEY",
    "NEWEST_OPSET",
    "NOTES_KEY",
    "OLDEST_OPSET",
    "ROUTE_KEY",
    "FileDescription",
    "Layer",
    "LayerDescription",
    "Limits",
    "ScopedNode",
    "convert",
    "describe",
    "dump_layers",
    "foreign_advice",
    "is_convertible",
    "is_keras_file",
    "join_dangers",
    "parse_absent_layers",
    "parse_layers",
    "record_difference",
    "scope_outputs",
    "scopes_of",
    "verify",
]

# Imported on first use: a campaign on an ONNX file needs neither the converters nor h5py.
_HOMES = {
    "onnxfi.converters.conversion": ("NEWEST_OPSET", "OLDEST_OPSET", "convert"),
    "onnxfi.converters.description": ("FileDescription", "LayerDescription", "describe"),
    "onnxfi.converters.disabled_optimizers": ("DISABLED_OPTIMIZERS",),
    "onnxfi.converters.metadata.layer_map": (
        *("METADATA_KEY", "Layer", "dump_layers", "parse_absent_layers", "parse_layers"),
    ),
    "onnxfi.converters.metadata.provenance": (
        *("DIFFERENCE_KEY", "NOTES_KEY", "ROUTE_KEY", "record_difference"),
    ),
    "onnxfi.converters.metadata.scopes": ("ScopedNode", "scope_outputs", "scopes_of"),
    "onnxfi.converters.safety.source_dangers": ("join_dangers",),
    "onnxfi.converters.tensorflow.verification": ("verify",),
}


def is_convertible(path: Path) -> bool:
    """Return whether a path looks like a model that `convert` reads."""
    return kind_of(path) is not None


def __getattr__(name: str) -> Any:
    for module, names in _HOMES.items():
        if name in names:
            return getattr(import_module(module), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
