"""Writes several models with one shared weights file."""

from collections.abc import Mapping
from pathlib import Path

from onnxfi.graph import SMALLEST_EXTERNAL, Model
from onnxfi.onnx_ir import ir

WEIGHTS_FILE = "weights.bin"


def large_initializers(graph: ir.Graph) -> dict[str, ir.Value]:
    """Return the initializers of a graph that belong in a weights file, by name."""
    return {
        name: value
        for name, value in graph.initializers.items()
        if value.const_value is not None
        and value.const_value.nbytes >= SMALLEST_EXTERNAL
        and value.const_value.dtype != ir.DataType.STRING
    }


def save_sharing_weights(models: Mapping[str, Model], folder: Path) -> None:
    """Write each model as ``NAME.onnx``, with the large weights of all in one file.

    Weights of the same name must be equal in all models, as in the parts of a split.

    Raises:
        OSError: the folder cannot be written.
    """
    copies = {name: Model(model.ir_model.clone()) for name, model in models.items()}
    holders = [large_initializers(copy.graph) for copy in copies.values()]
    tensors = {
        name: value.const_value
        for holder in holders
        for name, value in holder.items()
        if value.const_value is not None
    }
    if tensors:
        external = ir.external_data.convert_tensors_to_external(
            list(tensors.values()), folder, WEIGHTS_FILE
        )
        for name, tensor in zip(tensors, external, strict=True):
            for holder in holders:
                if name in holder:
                    holder[name].const_value = tensor
    for name, copy in copies.items():
        ir.save(copy.ir_model, folder / f"{name}.onnx")
