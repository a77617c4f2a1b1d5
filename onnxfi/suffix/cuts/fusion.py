"""Defines the interface of a fusion, and the walks through a graph that fusions share."""

from collections.abc import Collection
from typing import Protocol

from onnxfi.onnx_ir import ir

#: Operators of one element each that a pattern written out in single nodes is made of.
ARITHMETIC = frozenset(["Add", "Cast", "Div", "Mul", "Pow", "Sqrt", "Sub"])
#: Operators that leave the order of the elements as it is.
RESHAPING = frozenset(["Flatten", "Identity", "Reshape", "Squeeze", "Unsqueeze"])
#: Nodes in the longest path from the beginning of a Gelu or a normalization to its core.
LONGEST_PATH = 6


class Fusion(Protocol):
    """A module for one optimizer of ONNX Runtime."""

    @property
    def OPERATORS(self) -> frozenset[str]:  # noqa: N802 (a constant of the module)
        """The operators by which the optimizer's pattern is recognised."""

    def held_by(self, node: ir.Node) -> set[ir.Node]:
        """Return the nodes that must stay with their consumers because of the pattern.

        Args:
            node: a node with one of the operators.
        """


def consumers(node: ir.Node) -> list[ir.Node]:
    """Return the nodes that read any output of a node."""
    return [use.node for value in node.outputs for use in value.uses()]


def ancestors(
    node: ir.Node, kinds: Collection[str] | None = None, distance: int | None = None
) -> set[ir.Node]:
    """Return the nodes from which paths lead to a node.

    Args:
        node: the node.
        kinds: the only operators that a path may go through; None for any.
        distance: the greatest length of a path; None for any.
    """
    found: set[ir.Node] = set()
    latest = {node}
    while latest and distance != 0:
        producers = {x.producer() for y in latest for x in y.inputs if x is not None}
        latest = {
            x for x in producers if x is not None and (kinds is None or x.op_type in kinds)
        } - found
        found |= latest
        distance = None if distance is None else distance - 1
    return found
