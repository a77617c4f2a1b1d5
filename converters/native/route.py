"""Converts a Keras file to ONNX with h5py, numpy and onnx alone: the native route.

Nothing in the file is executed. Every layer call becomes operators whose last output is a tensor
named after the layer; the layer map in the model's metadata lists these tensors.
"""

from pathlib import Path

import onnx

from onnxfi.converters.keras_files.file import open_keras_file
from onnxfi.converters.keras_files.graph import parse_model
from onnxfi.converters.keras_files.version import require_version
from onnxfi.converters.metadata.provenance import describe_source, finish_model
from onnxfi.converters.native.layer_names import names_of
from onnxfi.converters.native.model_checks import require_supported
from onnxfi.converters.native.walk import Walk
from onnxfi.converters.native.weight_assignment import weights_by_path
from onnxfi.converters.translation.graph_builder import GraphBuilder


def convert_native(source: Path, *, opset: int, architecture: Path | None) -> onnx.ModelProto:
    """Convert a Keras file without Keras.

    Args:
        source: a full-model .h5, a .keras archive, or a weights-only file with `architecture`.
        opset: version of the default operator set.
        architecture: JSON text of ``model.to_json()``.

    Returns:
        A checked model; inputs and outputs have the names of Keras, its layout and its shapes,
        with the free batch dimension ``N``.

    Raises:
        ModelFormatError: the file is damaged, or not a Keras file.
        UnsupportedLayerError: a layer, or an option of it, has no translation.
    """
    with open_keras_file(source, architecture) as file:
        require_version(file.keras_version, file.configuration, source)
        model = parse_model(file.configuration)
        require_supported(model, file.keras_major)
        weights = weights_by_path(model, file.weights, file.keras_major)
        walk = Walk(model, weights, file.keras_major, GraphBuilder(opset, names_of(model)))
        walk.run()
    built = walk.graph.build(model.name)
    return finish_model(
        built,
        walk.layers,
        describe_source(source, "native", opset, file.keras_version, architecture=architecture),
        advice="The configuration is damaged: save the model again.",
        absent=walk.absent,
        notes=walk.notes,
    )
