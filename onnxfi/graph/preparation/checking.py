"""Checks that a model is valid ONNX."""

from pathlib import Path

import onnx

from onnxfi.onnx_ir import ir


def check_model(model: onnx.ModelProto, path: Path | None) -> None:
    """Check a model as onnx does, but accept omissions that ONNX Runtime accepts.

    ONNX Runtime runs models whose graph has no name, whose inputs and outputs have no rank, or
    whose nodes are unsorted; the parts of a split may be such models.

    Args:
        model: the model; it is not changed.
        path: its file, in the folder of its external files; None for a model in memory.

    Raises:
        onnx.checker.ValidationError: the model is not valid.
        ValueError: the model is in memory and larger than a protobuf can be, or a node depends on
            its own output.
    """
    try:
        onnx.checker.check_model(model if path is None else str(path))
    except onnx.checker.ValidationError:
        completed = _completed(model)
        if completed is None:
            raise
        onnx.checker.check_model(completed)


def _completed(model: onnx.ModelProto) -> onnx.ModelProto | None:
    """Return the model with sorted nodes and all omissions filled in; None if there are none.

    Raises:
        ValueError: a node depends on its own output.
    """
    if not model.graph.node:
        return None
    completed = onnx.ModelProto()
    completed.CopyFrom(model)
    completed.graph.name = completed.graph.name or "graph"
    for info in (*completed.graph.input, *completed.graph.output):
        if info.type.HasField("tensor_type"):
            info.type.tensor_type.shape.SetInParent()  # any shape will do
    _sort(completed.graph)
    if completed == model:
        return None
    for tensor in completed.graph.initializer:
        if tensor.data_location == onnx.TensorProto.EXTERNAL:  # loading checks its file
            tensor.CopyFrom(
                onnx.TensorProto(name=tensor.name, data_type=tensor.data_type, dims=[0])
            )
    return completed


def _sort(graph: onnx.GraphProto) -> None:
    """Sort the nodes of a graph into an order in which they can run."""
    try:
        read = ir.serde.deserialize_graph(graph)
    except ir.serde.SerdeError:
        return  # the check reports the error
    unsorted = onnx.GraphProto()
    unsorted.node.extend(graph.node)
    of_node = dict(zip(read, unsorted.node, strict=True))
    read.sort()
    del graph.node[:]
    graph.node.extend(of_node[node] for node in read)
