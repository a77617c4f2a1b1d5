"""Where a converted model came from, and the last steps that both routes share."""

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path

import onnx
from onnx import helper

from onnxfi.converters.layer_map import METADATA_KEY, Layer, dump_layers
from onnxfi.errors import ModelFormatError

_CHUNK = 2**20


def describe_source(source: Path, route: str, opset: int, keras_version: str) -> dict[str, str]:
    """Return the metadata that say what was converted, and how."""
    return {
        "onnxfi.source_sha256": source_sha256(source),
        "onnxfi.route": route,
        "onnxfi.opset": str(opset),
        "onnxfi.keras_version": keras_version,
    }


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
    model: onnx.ModelProto, layers: Iterable[Layer], metadata: Mapping[str, str], *, advice: str
) -> onnx.ModelProto:
    """Add the layer map and the provenance, and check the model with full shape inference.

    Args:
        model: the model as built.
        layers: its layer map.
        metadata: where it came from.
        advice: what to do where the check fails, as the last sentence of the message.

    Raises:
        ModelFormatError: the operators do not fit together.
    """
    helper.set_model_props(model, {METADATA_KEY: dump_layers(layers), **metadata})
    try:
        onnx.checker.check_model(model, full_check=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
        raise ModelFormatError(
            "The operators of a model must fit together, but the ONNX checker says: "
            f"{str(error).splitlines()[0]}. {advice}"
        ) from error
    return model
