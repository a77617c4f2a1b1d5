"""Finds what a fault can change: the values of tensors, and their shapes."""

from collections.abc import Collection
from dataclasses import dataclass

import onnx_ir as ir

from onnxfi.graph.dependencies import consumed_values
from onnxfi.graph.noise import is_dropout, only_draws
from onnxfi.graph.shape_operands import shape_operands

_READ_SHAPES = frozenset(["Shape", "Size"])


@dataclass(frozen=True, slots=True)
class FaultReach:
    """What faults in some targets can change.

    Attributes:
        values: the tensors whose elements can change.
        shapes: the tensors whose shape can change.
    """

    values: frozenset[ir.Value]
    shapes: frozenset[ir.Value]

    def changes(self, value: ir.Value) -> bool:
        """Return whether anything of a tensor can change."""
        return value in self.values or value in self.shapes


def fault_reach(graph: ir.Graph, targets: Collection[ir.Value]) -> FaultReach:
    """Follow faults in some targets through a graph.

    A fault leaves the shape of its target as it is. Noise is replayed, so no fault changes it.
    """
    values, shapes = set(targets), set[ir.Value]()
    for node in graph:
        read = set(consumed_values(node))
        reshaped = not read.isdisjoint(shapes)
        if reshaped or not values.isdisjoint(shape_operands(node)):
            shapes.update(node.outputs)
        if only_draws(node):
            continue
        reads_shapes = node.domain == "" and node.op_type in _READ_SHAPES
        if reshaped or (not reads_shapes and not read.isdisjoint(values)):
            # The mask of a Dropout is noise.
            values.update(node.outputs[:1] if is_dropout(node) else node.outputs)
    return FaultReach(frozenset(values), frozenset(shapes))
