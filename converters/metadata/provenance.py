"""Records the origin of a converted model, and finishes the conversions of both routes."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import onnx
from onnx import helper

from onnxfi.converters.metadata.layer_map import METADATA_KEY, AbsentLayer, Layer, dump_layers
from onnxfi.errors import ModelFormatError

DIFFERENCE_KEY = "onnxfi.largest_difference"
NOTES_KEY = "onnxfi.notes"
ROUTE_KEY = "onnxfi.route"
_CHUNK = 2**20
_LARGEST_CHECKED = 2**16  # bytes of a constant: shapes and axes are smaller
# Packages that take part in a conversion, by route.
_PACKAGES = {
    "native": ("onnxfi", "onnx", "h5py", "numpy"),
    "tf2onnx": ("onnxfi", "onnx", "tf2onnx", "tensorflow", "keras", "tf_keras"),
}


def describe_source(
    source: Path, route: str, opset: int, keras_version: str, *, architecture: Path | None = None
) -> dict[str, str]:
    """Return the metadata that describe the source and the conversion.

    Args:
        source: the file or folder that was converted.
        route: ``native`` or ``tf2onnx``.
        opset: version of the default operator set.
        keras_version: version of the Keras that wrote the source.
        architecture: the JSON beside a source that holds weights only.
    """
    installed = {name: found for name in _PACKAGES[route] if (found := _version_of(name))}
    metadata = {
        "onnxfi.source_sha256": source_sha256(source),
        ROUTE_KEY: route,
        "onnxfi.opset": str(opset),
        "onnxfi.keras_version": keras_version,
        "onnxfi.versions": json.dumps(installed),
    }
    if architecture is not None:
        metadata["onnxfi.architecture_sha256"] = source_sha256(architecture)
    return metadata


def record_difference(model: onnx.ModelProto, difference: float) -> None:
    """Add the largest observed difference from Keras to a model's metadata."""
    entries = {entry.key: entry.value for entry in model.metadata_props}
    helper.set_model_props(model, {**entries, DIFFERENCE_KEY: f"{difference:.3g}"})


def source_sha256(source: Path) -> str:
    """Return the SHA-256 of a file, or of the names and contents of all files of a folder."""
    digest = hashlib.sha256()
    files = [source]
    if source.is_dir():
        files = sorted(path for path in source.rglob("*") if path.is_file())
    for path in files:
        if path != source:
            digest.update(path.relative_to(source).as_posix().encode())
        with path.open("rb") as stream:
            while chunk := stream.read(_CHUNK):
                digest.update(chunk)
    return digest.hexdigest()


def finish_model(
    model: onnx.ModelProto,
    layers: Iterable[Layer],
    metadata: Mapping[str, str],
    *,
    advice: str,
    absent: Iterable[AbsentLayer] = (),
    notes: Sequence[str] = (),
) -> onnx.ModelProto:
    """Add the layer map and the provenance, and check the model with full shape inference.

    Args:
        model: the model as built.
        layers: its layer map.
        metadata: its origin.
        advice: the last sentence of the message if the check fails.
        absent: the layers that have no tensor of their own.
        notes: differences between the model and its source.

    Raises:
        ModelFormatError: the operators do not fit together.
    """
    properties = {METADATA_KEY: dump_layers(layers, absent), **metadata}
    if notes:
        properties[NOTES_KEY] = json.dumps(list(notes))
    helper.set_model_props(model, properties)
    size = sum(len(weight.raw_data) for weight in model.graph.initializer)
    if size > onnx.checker.MAXIMUM_PROTOBUF:
        raise ModelFormatError(
            f"An ONNX file must stay below 2 GiB, but the weights take {size} bytes. "
            "Convert the parts of the model one by one."
        )
    try:
        onnx.checker.check_model(_without_large_weights(model), full_check=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
        raise ModelFormatError(
            "The operators of a model must fit together, but the ONNX checker says: "
            f"{str(error).splitlines()[0]}. {advice}"
        ) from error
    return model


def _without_large_weights(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return a copy for the checker, with weights as inputs: the checker copies all data twice."""
    light = onnx.ModelProto()
    light.graph.node.extend(model.graph.node)
    light.graph.name = model.graph.name
    light.graph.input.extend(model.graph.input)
    light.graph.output.extend(model.graph.output)
    light.opset_import.extend(model.opset_import)
    light.ir_version = model.ir_version
    light.functions.extend(model.functions)
    for weight in model.graph.initializer:
        if len(weight.raw_data) > _LARGEST_CHECKED:
            shape = helper.make_tensor_value_info(weight.name, weight.data_type, weight.dims)
            light.graph.input.append(shape)
        else:
            light.graph.initializer.append(weight)
    return light


def _version_of(package: str) -> str:
    """Return the version of a package; ``""`` if it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
