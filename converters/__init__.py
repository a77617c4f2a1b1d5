"""Other formats to ONNX.

Two routes convert a model. ``native`` reads a Keras file and builds the graph itself: no
TensorFlow, and nothing in the file is executed. ``tf2onnx`` (extra ``keras``, in a child process)
takes what the native route refuses, and SavedModel folders and TFLite files. This package knows
nothing of the injector.
"""

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from onnxfi.converters.sources.kind import is_keras_file, kind_of
from onnxfi.converters.tensorflow.limits import Limits

if TYPE_CHECKING:
    from onnxfi.converters.conversion import NEWEST_OPSET, OLDEST_OPSET, convert
    from onnxfi.converters.tensorflow.verification import verify

__all__ = [
    "NEWEST_OPSET",
    "OLDEST_OPSET",
    "Limits",
    "convert",
    "is_convertible",
    "is_keras_file",
    "verify",
]

# Imported when asked for: a campaign on an ONNX file needs neither them nor h5py.
_HOMES = {
    "NEWEST_OPSET": "onnxfi.converters.conversion",
    "OLDEST_OPSET": "onnxfi.converters.conversion",
    "convert": "onnxfi.converters.conversion",
    "verify": "onnxfi.converters.tensorflow.verification",
}


def is_convertible(path: Path) -> bool:
    """Say whether a path looks like something that `convert` reads."""
    return kind_of(path) is not None


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
