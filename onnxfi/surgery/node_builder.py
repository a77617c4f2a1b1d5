"""Builds nodes and constants under a common name, before they are inserted into a graph."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from onnxfi.onnx_ir import ir


@dataclass(slots=True)
class NodeBuilder:
    """Collects new nodes and constants.

    Attributes:
        name: prefix of all their names.
        opset: version of the model's operator set.
        nodes: the nodes, in an order in which they can run.
        constants: the initializers that the nodes read.
    """

    name: str
    opset: int
    nodes: list[ir.Node] = field(default_factory=list)
    constants: list[ir.Value] = field(default_factory=list)

    def node(
        self, op_type: str, name: str, *inputs: ir.Value, **attributes: int | float | list[int]
    ) -> ir.Value:
        """Add a node and return its output; both get the name."""
        node = ir.node(op_type, inputs, attributes, name=f"{self.name}/{name}")
        node.outputs[0].name = node.name
        self.nodes.append(node)
        return node.outputs[0]

    def constant(self, name: str, array: np.ndarray) -> ir.Value:
        """Add a constant."""
        value = constant(f"{self.name}/{name}", array)
        self.constants.append(value)
        return value

    def integers(self, name: str, *numbers: int) -> ir.Value:
        """Add a constant of int64 numbers, shape (number of them,)."""
        return self.constant(name, np.array(numbers, np.int64))


def copy_node(node: ir.Node, name: str, inputs: Sequence[ir.Value | None]) -> ir.Node:
    """Return a node with the operator and attributes of another; its first output gets the name."""
    copy = ir.node(node.op_type, inputs, dict(node.attributes), domain=node.domain, name=name)
    copy.outputs[0].name = name
    return copy


def constant(name: str, array: np.ndarray) -> ir.Value:
    """Return a value to register as an initializer."""
    tensor = ir.Tensor(array, dtype=ir.DataType.from_numpy(array.dtype), name=name)
    return ir.Value(
        name=name,
        shape=ir.Shape(array.shape),
        type=ir.TensorType(tensor.dtype),
        const_value=tensor,
    )
