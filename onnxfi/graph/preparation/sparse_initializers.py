"""Makes the sparse constants of a model dense, because onnx-ir supports no sparse tensors."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper


def densified(model: onnx.ModelProto, folder: Path) -> onnx.ModelProto:
    """Return the model with dense initializers and Constants in place of its sparse ones.

    Dense weights are not read. A model without sparse tensors is returned itself.

    Args:
        model: the model; it is not changed.
        folder: the folder of external files.
    """
    if not any(_is_sparse(graph) for graph in _graphs(model.graph)):
        return model
    dense = onnx.ModelProto()
    dense.CopyFrom(model)
    for graph in _graphs(dense.graph):
        graph.initializer.extend(_dense(x, folder) for x in graph.sparse_initializer)
        del graph.sparse_initializer[:]
        for attribute in _sparse_attributes(graph):
            tensor = _dense(attribute.sparse_tensor, folder)
            attribute.CopyFrom(onnx.helper.make_attribute("value", tensor))
    return dense


def _is_sparse(graph: onnx.GraphProto) -> bool:
    return bool(graph.sparse_initializer) or any(_sparse_attributes(graph))


def _sparse_attributes(graph: onnx.GraphProto) -> Iterator[onnx.AttributeProto]:
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.SPARSE_TENSOR:
                yield attribute


def _graphs(graph: onnx.GraphProto) -> Iterator[onnx.GraphProto]:
    yield graph
    for node in graph.node:
        for attribute in node.attribute:
            for body in (attribute.g, *attribute.graphs):
                yield from _graphs(body)


def _dense(sparse: onnx.SparseTensorProto, folder: Path) -> onnx.TensorProto:
    values = numpy_helper.to_array(sparse.values, str(folder))
    indices = numpy_helper.to_array(sparse.indices, str(folder))
    if indices.ndim == 2:  # one row of coordinates per value, else flat indices
        indices = np.ravel_multi_index(tuple(indices.T), tuple(sparse.dims))
    array = np.zeros(tuple(sparse.dims), values.dtype)
    array.reshape(-1)[indices] = values
    return numpy_helper.from_array(array, sparse.values.name)
