"""Converts by the tf2onnx route: a child process loads the source and converts its trace.

It converts sources that the native route refuses, and is an independent reference in tests. Every
result is compared with the source run by its own framework, because tf2onnx may finish with a wrong
model.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import onnx

from onnxfi.converters.keras_files.file import keras_version_of
from onnxfi.converters.metadata.layer_map import (
    METADATA_KEY,
    Layer,
    parse_absent_layers,
    parse_layers,
)
from onnxfi.converters.metadata.provenance import describe_source, finish_model, record_difference
from onnxfi.converters.safety.source_dangers import require_safe
from onnxfi.converters.sources.kind import SourceKind, kind_of
from onnxfi.converters.tensorflow.limits import Limits
from onnxfi.converters.tensorflow.process import require_packages, run_child
from onnxfi.converters.tensorflow.verification import require_agreement
from onnxfi.converters.translation.graph_builder import BATCH
from onnxfi.errors import ModelFormatError

NEWEST_OPSET = 18
_TOLERANCE = 1e-4
# For quantised models: ONNX Runtime and TFLite may round a value to neighbouring steps.
_QUANTISED_TOLERANCE = 0.02


def convert_with_tf2onnx(
    source: Path, *, opset: int, unsafe: bool, limits: Limits
) -> onnx.ModelProto:
    """Convert a source that TensorFlow can load.

    Args:
        source: a .h5, .keras or .tflite file, or a SavedModel folder.
        opset: version of the default operator set, up to 18.
        unsafe: execute code that the source contains.
        limits: limits beyond which TensorFlow is stopped.

    Returns:
        A checked model that agrees with its source.

    Raises:
        ConversionMismatchError: the result is not what the source computes.
        MissingExtraError: the extra ``keras`` is not installed.
        ModelFormatError: the source is no model that TensorFlow loads, needs ``unsafe``, or more
            than the limits.
    """
    if opset > NEWEST_OPSET:
        raise ModelFormatError(
            f"The route tf2onnx writes opsets up to {NEWEST_OPSET}, got {opset}. "
            "Use a smaller opset, or --route native."
        )
    require_safe(source, unsafe=unsafe)
    require_packages("tf2onnx")
    with tempfile.TemporaryDirectory(prefix="onnxfi-") as folder:
        path = Path(folder, "model.onnx")
        options = ["--opset", str(opset), *(["--unsafe"] if unsafe else [])]
        run_child("convert", source, [path], options, limits=limits)
        model = onnx.load(path)
    _require_onnx_operators(model, source)
    _free_batch(model)
    is_keras = kind_of(source) == SourceKind.KERAS
    (layer_map,) = (x.value for x in model.metadata_props if x.key == METADATA_KEY)
    finished = finish_model(
        model,
        [*_inputs(model), *parse_layers(layer_map)],
        describe_source(source, "tf2onnx", opset, keras_version_of(source) if is_keras else ""),
        advice=f"tf2onnx wrote it so: {'use --route native' if is_keras else 'please report it'}.",
        absent=parse_absent_layers(layer_map),
    )
    is_quantised = any(node.op_type == "QuantizeLinear" for node in finished.graph.node)
    tolerance = _QUANTISED_TOLERANCE if is_quantised else _TOLERANCE
    difference = require_agreement(
        source, finished, tolerance=tolerance, unsafe=unsafe, limits=limits
    )
    record_difference(finished, difference)
    return finished


def _require_onnx_operators(model: onnx.ModelProto, source: Path) -> None:
    """Refuse TensorFlow operators, which tf2onnx silently leaves in the graph."""
    operators = {node.op_type for node in model.graph.node if not node.domain}
    foreign = sorted(name for name in operators if not onnx.defs.has(name))
    if foreign:
        raise ModelFormatError(
            f"tf2onnx must convert every operator, but it left {', '.join(foreign)} of {source} as "
            "it is. Use --route native, or another way to write the layer."
        )


def _free_batch(model: onnx.ModelProto) -> None:
    """Name the free batch dimension, for which tf2onnx generates a name."""
    for value in (*model.graph.input, *model.graph.output):
        sizes = value.type.tensor_type.shape.dim
        if sizes and not sizes[0].HasField("dim_value"):
            sizes[0].dim_param = BATCH


def _inputs(model: onnx.ModelProto) -> Iterator[Layer]:
    for value in model.graph.input:
        rank = len(value.type.tensor_type.shape.dim)
        yield Layer(
            value.name, "InputLayer", value.name, channel_axis=rank - 1 if rank > 2 else None
        )
