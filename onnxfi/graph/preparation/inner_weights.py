"""Moves the weights of subgraphs to the main graph, so that they can be targets."""

from collections import Counter
from collections.abc import Iterator
from itertools import count

import onnx

from onnxfi.onnx_ir import ir


def lift_inner_weights(model: ir.Model) -> None:
    """Move the initializers of subgraphs into the main graph, from which the bodies capture them.

    Then they can be targets, and models can share them. They keep their names unless other values
    have the same name. Initializers that are also inputs or outputs of their body stay there.
    """
    names = Counter(x for graph in (model.graph, *model.graph.subgraphs()) for x in _names(graph))
    for body in model.graph.subgraphs():
        for name, value in list(body.initializers.items()):
            if value.is_graph_input() or value.is_graph_output():
                continue
            del body.initializers[name]
            if names[name] > 1:
                names[name] -= 1
                detach_tensor(value)
                value.name = next(x for n in count(2) if (x := f"{name}_{n}") not in names)
                names[value.name] = 1
            model.graph.register_initializer(value)


def detach_tensor(value: ir.Value) -> None:
    """Give a value its own tensor, because renaming a protobuf tensor would rename the caller's."""
    if isinstance(value.const_value, ir.TensorProtoTensor):
        proto = onnx.TensorProto()
        proto.CopyFrom(value.const_value.raw)
        value.const_value = ir.TensorProtoTensor(proto)


def _names(graph: ir.Graph) -> Iterator[str]:
    values = (*graph.inputs, *graph.initializers.values(), *(x for n in graph for x in n.outputs))
    return (value.name for value in values if value.name)
