"""Nodes at the head of a model that repeat golden inputs into lanes and patch them.

What is fed are golden tensors, which can stay where the model runs, the number of lanes, and for
each patched tensor flat indices and values: so what is sent grows with the patches only.
"""

from collections.abc import Collection

import numpy as np

from onnxfi.errors import ModelFormatError
from onnxfi.graph import Model
from onnxfi.onnx_ir import ir

# The first with a ScatterND, and where Unsqueeze takes its axes as an input.
_FIRST_OPSET = 13
LANES = "onnxfi/lanes"


def indices_name(tensor: str) -> str:
    """Return the name of the input with the flat indices of a tensor's patches."""
    return f"{tensor}/indices"


def values_name(tensor: str) -> str:
    """Return the name of the input with the values of a tensor's patches."""
    return f"{tensor}/values"


def with_patch_head(model: Model, patched: Collection[str]) -> Model:
    """Return the model with the nodes at its head.

    Its inputs are those of the model, each one lane of them; ``onnxfi/lanes``, int64 of shape (1,);
    and for each patched tensor T the inputs ``T/indices``, int64 of shape (K,), flat indices into
    all lanes one after the other, and ``T/values``, of shape (K,) and of the tensor's dtype.

    Args:
        model: its inputs and outputs have the batch as their first axis, which may be fixed where
            there is to be one lane; it is left as it is.
        patched: names of the inputs that are patched.

    Raises:
        ModelFormatError: the model's operator set is too old, or an input is no tensor with a
            first axis.
    """
    headed = model.part(model.ir_model.clone())
    graph = headed.graph
    opset = graph.opset_imports.get("", 0)
    if opset < _FIRST_OPSET:
        raise ModelFormatError(
            f"Patching on the device needs a model of opset {_FIRST_OPSET} or later, got {opset}."
        )
    inputs = list(graph.inputs)
    lanes = _input(graph, LANES, ir.DataType.INT64)
    head = _Head(graph)
    for value in inputs:
        if value.dtype is None or not value.shape:
            raise ModelFormatError(
                f"Lanes need inputs that are tensors with a first axis, and {value.name!r} is none."
            )
        uses = list(value.uses())
        made = head.repeated(value, lanes)
        if value.name is not None and value.name in patched:
            made = head.patched(
                made,
                _input(graph, indices_name(value.name), ir.DataType.INT64),
                _input(graph, values_name(value.name), value.dtype),
            )
        for node, position in uses:
            node.replace_input_with(position, made)
    if len(graph):
        graph.insert_before(graph[0], head.nodes)
    return headed


def _input(graph: ir.Graph, name: str, dtype: ir.DataType) -> ir.Value:
    value = ir.Value(name=name, type=ir.TensorType(dtype), shape=ir.Shape([None]))
    graph.inputs.append(value)
    return value


class _Head:
    """The nodes, in an order in which they can run."""

    def __init__(self, graph: ir.Graph) -> None:
        self.nodes: list[ir.Node] = []
        self._graph = graph

    def repeated(self, value: ir.Value, lanes: ir.Value) -> ir.Value:
        """Repeat a value along its first axis, once for each lane."""
        rank = 0 if value.shape is None else len(value.shape)
        name = f"{value.name}/lanes"
        others = self._constant(f"{name}/others", [1] * (rank - 1))
        repeats = self._node("Concat", f"{name}/repeats", lanes, others, axis=0)
        return self._node("Tile", name, value, repeats)

    def patched(self, value: ir.Value, indices: ir.Value, values: ir.Value) -> ir.Value:
        """Write values at flat indices."""
        name = value.name
        flat = self._node(
            "Reshape", f"{name}/flat", value, self._constant(f"{name}/one_axis", [-1])
        )
        last = self._constant(f"{name}/last_axis", [1])
        places = self._node("Unsqueeze", f"{name}/places", indices, last)
        scattered = self._node("ScatterND", f"{name}/scattered", flat, places, values)
        return self._node(
            "Reshape", f"{name}/patched", scattered, self._node("Shape", f"{name}/shape", value)
        )

    def _node(self, op_type: str, name: str, *inputs: ir.Value, **attributes: int) -> ir.Value:
        node = ir.node(op_type, inputs, attributes, name=name)
        node.outputs[0].name = name
        self.nodes.append(node)
        return node.outputs[0]

    def _constant(self, name: str, numbers: list[int]) -> ir.Value:
        value = ir.Value(name=name)
        value.const_value = ir.tensor(np.array(numbers, np.int64), name=name)
        self._graph.register_initializer(value)
        return value
