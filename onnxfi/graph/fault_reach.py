"""Finds the tensors whose values or shapes a fault can change."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import reduce
from operator import or_

from onnxfi.graph.dependencies import consumed_values
from onnxfi.graph.noise import is_dropout, only_draws
from onnxfi.graph.shapes.shape_operands import shape_operands
from onnxfi.onnx_ir import ir

_READ_SHAPES = frozenset(["Shape", "Size"])


@dataclass(frozen=True, slots=True)
class FaultReach:
    """The tensors that faults in some targets can change.

    Attributes:
        values: the tensors whose elements can change.
        shapes: the tensors whose shape can change.
    """

    values: frozenset[ir.Value]
    shapes: frozenset[ir.Value]

    def changes(self, value: ir.Value) -> bool:
        """Return whether the elements or the shape of a tensor can change."""
        return value in self.values or value in self.shapes


@dataclass(frozen=True, slots=True)
class FaultEffect:
    """The effect of faults in a node's inputs on its outputs.

    A changed shape counts as changed elements as well.

    Attributes:
        read: the values that the node reads.
        sizing: the values among them whose elements determine the shapes of the outputs.
        changed: the outputs whose elements can change.
        by_values: whether they change with the elements of `read`, not with shapes only.
    """

    read: frozenset[ir.Value]
    sizing: frozenset[ir.Value]
    changed: tuple[ir.Value, ...]
    by_values: bool


def fault_effect(node: ir.Node) -> FaultEffect:
    """Return the effect of faults in a node's inputs. Noise is replayed, so no fault changes it."""
    changed = tuple(node.outputs)
    if only_draws(node):
        changed = ()
    elif is_dropout(node):  # its mask is noise
        changed = changed[:1]
    return FaultEffect(
        read=frozenset(consumed_values(node)),
        sizing=frozenset(shape_operands(node)),
        changed=changed,
        by_values=not (node.domain == "" and node.op_type in _READ_SHAPES),
    )


def fault_reach(graph: ir.Graph, targets: Collection[ir.Value]) -> FaultReach:
    """Follow faults in some targets through a graph.

    A fault does not change the shape of its target. Noise is replayed, so no fault changes it.
    """
    values, shapes = set(targets), set[ir.Value]()
    for node in graph:
        effect = fault_effect(node)
        reshaped = not effect.read.isdisjoint(shapes)
        if reshaped or not values.isdisjoint(effect.sizing):
            shapes.update(node.outputs)
        if reshaped or (effect.by_values and not effect.read.isdisjoint(values)):
            values.update(effect.changed)
    return FaultReach(frozenset(values), frozenset(shapes))


def faults_reaching(
    graph: ir.Graph, values: Mapping[ir.Value, int], shapes: Mapping[ir.Value, int]
) -> dict[ir.Value, int]:
    """Follow a graph backwards, from tensors that must not change to faults that change them.

    Args:
        graph: the graph.
        values: tensors whose elements must not change, each with the bits that identify it.
        shapes: tensors whose shape must not change, with their bits.

    Returns:
        For each tensor the bits of everything that a fault in it can change.
    """
    of_values, of_shapes = defaultdict(int, values), defaultdict(int, shapes)
    for node in reversed(graph):
        effect = fault_effect(node)
        reached = reduce(or_, (of_values[x] for x in effect.changed), 0)
        reshaped = reduce(or_, (of_shapes[x] for x in node.outputs), 0)
        for value in effect.read:
            of_shapes[value] |= reshaped | reached
            of_values[value] |= reached if effect.by_values else 0
        for value in effect.sizing:
            of_values[value] |= reshaped
    return of_values
