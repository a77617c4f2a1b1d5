"""Converts a model by the route that suits it."""

from pathlib import Path
from typing import Final, Literal

import onnx

from onnxfi.converters.native.route import convert_native
from onnxfi.converters.sources.foreign import foreign_advice
from onnxfi.converters.sources.kind import SourceKind, kind_of
from onnxfi.converters.tensorflow.limits import Limits
from onnxfi.converters.tensorflow.route import convert_with_tf2onnx
from onnxfi.errors import ModelFormatError

OLDEST_OPSET: Final = 13
NEWEST_OPSET: Final = 23


def convert(
    source: Path,
    *,
    route: Literal["native", "tf2onnx"] | None = None,
    opset: int = 17,
    architecture: Path | None = None,
    unsafe: bool = False,
    limits: Limits | None = None,
) -> onnx.ModelProto:
    """Convert a model of another framework to ONNX.

    Args:
        source: a .h5 or .keras file; with the route ``tf2onnx`` also a SavedModel folder or a
            .tflite file.
        route: ``native`` or ``tf2onnx``; None selects ``native`` for a Keras file and
            ``tf2onnx`` for other sources.
        opset: version of the default operator set, from 13 on.
        architecture: JSON of ``model.to_json()``, for a .h5 that holds weights only.
        unsafe: let the route ``tf2onnx`` execute code that the file contains (Lambda layers,
            custom classes). The native route never does.
        limits: the time and memory limits of the route ``tf2onnx``.

    Returns:
        A checked model that carries its layer map and its provenance in ``metadata_props``. Inputs
        and outputs have the layout of Keras and a free batch dimension ``N``.

    Raises:
        ModelFormatError: the source is missing, damaged, or not a model that the route reads.
        UnsupportedLayerError: the native route has no translation for a layer.
        ConversionMismatchError: the route tf2onnx gave another model than Keras.
        MissingExtraError: the route tf2onnx needs the extra ``keras``.
    """
    if not OLDEST_OPSET <= opset <= NEWEST_OPSET:
        raise ModelFormatError(
            f"The opset must be from {OLDEST_OPSET} to {NEWEST_OPSET}, got {opset}. "
            "Use 17, which every current runtime reads."
        )
    if kind_of(source) is None and (advice := foreign_advice(source)) is not None:
        raise ModelFormatError(advice)
    if route is None:
        others = (SourceKind.SAVED_MODEL, SourceKind.TFLITE)
        route = "tf2onnx" if kind_of(source) in others else "native"
    if route == "native":
        return convert_native(source, opset=opset, architecture=architecture)
    if route != "tf2onnx":
        raise ModelFormatError(
            f"The route must be 'native' or 'tf2onnx', got {route!r}. Use --route native."
        )
    if architecture is not None:
        raise ModelFormatError(
            f"The route tf2onnx must get a whole model, got the architecture {architecture}. "
            "Use --route native."
        )
    return convert_with_tf2onnx(source, opset=opset, unsafe=unsafe, limits=limits or Limits())
