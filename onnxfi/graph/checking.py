"""Checking that a model is valid ONNX."""

from pathlib import Path

import onnx


def check_model(model: onnx.ModelProto, path: Path | None) -> None:
    """Check a model as onnx does, but do not insist on what nobody needs.

    ONNX Runtime runs models whose graph has no name, or whose inputs and outputs have no rank; so
    may the parts of a split be.

    Args:
        model: the model; it is left as it is.
        path: its file, beside which its external files have to be; None for a model in memory.

    Raises:
        onnx.checker.ValidationError: the model is not valid.
        ValueError: the model is in memory and larger than a protobuf can be.
    """
    try:
        onnx.checker.check_model(model if path is None else str(path))
    except onnx.checker.ValidationError:
        completed = _completed(model)
        if completed is None:
            raise
        onnx.checker.check_model(completed)


def _completed(model: onnx.ModelProto) -> onnx.ModelProto | None:
    """Return the model with what is missing but not needed; None if nothing is."""
    tensors = [
        info.type.tensor_type
        for info in (*model.graph.input, *model.graph.output)
        if info.type.HasField("tensor_type")
    ]
    is_complete = model.graph.name and all(x.HasField("shape") for x in tensors)
    if is_complete or not model.graph.node:
        return None
    completed = onnx.ModelProto()
    completed.CopyFrom(model)
    completed.graph.name = completed.graph.name or "graph"
    for info in (*completed.graph.input, *completed.graph.output):
        if info.type.HasField("tensor_type"):
            info.type.tensor_type.shape.SetInParent()  # any shape will do
    for tensor in completed.graph.initializer:
        if tensor.data_location == onnx.TensorProto.EXTERNAL:  # its file is looked at on loading
            tensor.CopyFrom(
                onnx.TensorProto(name=tensor.name, data_type=tensor.data_type, dims=[0])
            )
    return completed
