"""Checking that a model is valid ONNX."""

from pathlib import Path

import onnx
import onnx_ir as ir


def check_model(model: onnx.ModelProto, path: Path | None) -> None:
    """Check a model as onnx does, but do not insist on what nobody needs.

    ONNX Runtime runs models whose graph has no name, whose inputs and outputs have no rank, or
    whose nodes are in no order; so may the parts of a split be.

    Args:
        model: the model; it is left as it is.
        path: its file, beside which its external files have to be; None for a model in memory.

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
    """Return the model with its nodes sorted and what is missing but not needed; None if nothing.

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
        if tensor.data_location == onnx.TensorProto.EXTERNAL:  # its file is looked at on loading
            tensor.CopyFrom(
                onnx.TensorProto(name=tensor.name, data_type=tensor.data_type, dims=[0])
            )
    return completed


def _sort(graph: onnx.GraphProto) -> None:
    """Put the nodes of a graph in an order in which they can run."""
    try:
        read = ir.serde.deserialize_graph(graph)
    except ir.serde.SerdeError:
        return  # the check has said what is wrong
    unsorted = onnx.GraphProto()
    unsorted.node.extend(graph.node)
    of_node = dict(zip(read, unsorted.node, strict=True))
    read.sort()
    del graph.node[:]
    graph.node.extend(of_node[node] for node in read)
